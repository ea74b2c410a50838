import type { Descriptor } from '../base/grammar.ts'
import { type BitPosition, positionAfter } from './position.ts'

/** Whether nothing with bytes follows up to the end of a growable, in the old schema and in the new one. */
export interface End {
  readonly from: boolean
  readonly to: boolean
}

/** Where in both schemas the comparison is. */
export interface Place {
  readonly path: string
  readonly isPacked: boolean
  /** Where in a byte the values start; 0 outside bit packing. */
  readonly position: BitPosition
  readonly end: End
}

/** Where something follows, or might. */
export const MIDDLE: End = { from: false, to: false }

/** Where in a byte something ends that starts at a place; always at 0 outside bit packing. */
export function positionAfterIf(place: Place, passed: Descriptor): BitPosition {
  return place.isPacked ? positionAfter(passed, place.position) : 0
}

/** Inside bit packing there is no knowing where the elements of something end; outside all start at a byte. */
export function unknownIf(isUnknown: boolean): BitPosition {
  return isUnknown ? undefined : 0
}

/** The place of any element of something. */
export function elementsOf(place: Place): Place {
  return { ...place, path: `${place.path}[]`, position: unknownIf(place.isPacked), end: MIDDLE }
}

/** A path as it is shown. */
export function shown(path: string): string {
  return path.replace(/^\./, '')
}

/** The name in a label. */
export function nameOf({ label }: { readonly label: string }): string {
  return label.startsWith('.') ? label.slice(1) : label.slice(1, -1)
}
