import type { Descriptor } from '../base/grammar.ts'
import { bothWays, type ChangeKind, type Effects, type SchemaChange } from './change.ts'
import { type Item, type Layout, spread } from './layout.ts'
import { matchItems, type Step } from './match.ts'
import { contains, isEmpty } from './parts.ts'
import { MIDDLE, nameOf, type Place, positionAfterIf } from './place.ts'
import { positionAfter } from './position.ts'
import { tailEffects } from './tail.ts'
import { describe, few } from './words.ts'

/** What a walk along rows needs of the walk that it is a part of. */
export interface RowWalkOwner {
  readonly changes: SchemaChange[]
  /** Compares what stands at one place. */
  compare(from: Descriptor, to: Descriptor, place: Place): void
  /** Keeps a change, unless nothing is different. */
  changed(kind: ChangeKind, place: Place, was: string, is: string, effects: Effects): void
}

/** Compares several things one behind the other: what stayed, came, went, was renamed or grouped in another way. */
export class RowWalk {
  readonly #owner: RowWalkOwner

  constructor(owner: RowWalkOwner) {
    this.#owner = owner
  }

  /** Several things one behind the other, on one side at least. */
  compare(a: Layout, b: Layout, from: Descriptor, to: Descriptor, place: Place): void {
    if (a.form === 'sequence' && b.form === 'sequence' && a.isNamed && b.isNamed) {
      this.#steps(matchItems(a.items, b.items, 'names', place.isPacked), place)
      return
    }
    const fromItems = spread([{ label: '', of: from }], place.isPacked)
    const toItems = spread([{ label: '', of: to }], place.isPacked)
    if (fromItems[0]?.of === from && toItems[0]?.of === to) {
      this.#owner.changed('type-changed', place, describe(from), describe(to), bothWays('breaks'))
      return
    }
    // The elements of a fixed array may be read in one go: there is no end between them.
    const hasArrays = [from, to].some((side) => contains(side, ({ t }) => t === 'fixedArray'))
    const steps = matchItems(fromItems, toItems, 'bytes', place.isPacked)
    const count = this.#owner.changes.length
    this.#steps(steps, hasArrays ? { ...place, end: MIDDLE } : place)
    // Elements without bytes came or went.
    if (this.#owner.changes.length === count && from.t === to.t) {
      this.#owner.changed('type-changed', place, describe(from), describe(to), bothWays('none'))
    }
  }

  #steps(steps: readonly Step[], place: Place): void {
    let position = place.position
    for (const step of steps) {
      this.#step(step, { ...place, position })
      const passed = step.kind === 'replaced' ? step.removed : step.kind === 'moved' ? [] : [step.from]
      for (const { of } of passed) position = place.isPacked ? positionAfter(of, position) : 0
    }
  }

  #step(step: Step, place: Place): void {
    const at = (label: string): Place => ({ ...place, path: `${place.path}${label}` })
    switch (step.kind) {
      case 'pair': {
        const end = {
          from: place.end.from && step.isFromLast,
          to: place.end.to && step.isToLast,
        }
        this.#owner.compare(step.from.of, step.to.of, { ...at(step.to.label || step.from.label), end })
        return
      }
      case 'renamed':
        this.#renamed([step.from], [step.to], { ...place, end: MIDDLE })
        return
      case 'moved':
        this.#owner.changed('field-moved', at(step.to.label), 'elsewhere', 'here', bothWays('breaks'))
        return
      case 'replaced':
        this.#replaced(step, place)
    }
  }

  #replaced({ removed, added, isLast }: Step & { readonly kind: 'replaced' }, place: Place): void {
    const here = { ...place, end: isLast ? place.end : MIDDLE }
    if (removed.length === 0 || added.length === 0) {
      this.#edited(removed, 'removed', here)
      this.#edited(added, 'added', here)
      return
    }
    // They may be the same things in other clothes: if that explanation holds at least one way, it is the better one.
    const isExplained =
      (removed.length === added.length && this.#tried(() => this.#renamed(removed, added, here))) ||
      this.#tried(() => this.#regrouped(removed, added, here))
    if (isExplained) return
    this.#edited(removed, 'removed', { ...here, end: MIDDLE })
    this.#edited(added, 'added', { ...here, end: MIDDLE })
  }

  /** Compares, and forgets what came out of it if nothing can be read either way. */
  #tried(compare: () => void): boolean {
    const count = this.#owner.changes.length
    compare()
    const found = this.#owner.changes.slice(count)
    const isRead = (way: keyof Effects): boolean => found.every((change) => change[way] !== 'breaks')
    if (isRead('newReadsOld') || isRead('oldReadsNew')) return true
    this.#owner.changes.length = count
    return false
  }

  #renamed(from: readonly Item[], to: readonly Item[], place: Place): void {
    let position = place.position
    for (const [index, { label, of }] of from.entries()) {
      const end = index === from.length - 1 ? place.end : MIDDLE
      const here = { ...place, path: `${place.path}${to[index].label}`, position, end }
      this.#owner.changed('field-renamed', here, nameOf({ label }), nameOf(to[index]), bothWays('none'))
      this.#owner.compare(of, to[index].of, here)
      position = positionAfterIf({ ...place, position }, of)
    }
  }

  #regrouped(removed: readonly Item[], added: readonly Item[], place: Place): void {
    const from = spread(removed, place.isPacked)
    const to = spread(added, place.isPacked)
    const hasArrays = [...removed, ...added].some(({ of }) => contains(of, ({ t }) => t === 'fixedArray'))
    const inner = hasArrays ? { ...place, end: MIDDLE } : place
    this.#owner.changed(
      'fields-regrouped',
      place,
      few(removed.map(nameOf)),
      few(added.map(nameOf)),
      bothWays('none'),
    )
    let position = place.position
    const count = Math.min(from.length, to.length)
    for (let i = 0; i < count; i++) {
      const end = {
        from: inner.end.from && i === from.length - 1,
        to: inner.end.to && i === to.length - 1,
      }
      this.#owner.compare(from[i].of, to[i].of, {
        ...inner,
        path: `${place.path}${to[i].label}`,
        position,
        end,
      })
      position = positionAfterIf({ ...place, position }, from[i].of)
    }
    this.#edited(from.slice(count), 'removed', { ...inner, position })
    this.#edited(to.slice(count), 'added', { ...inner, position })
  }

  #edited(items: readonly Item[], edit: 'added' | 'removed', place: Place): void {
    for (const { label, of } of items) {
      const here = { ...place, path: `${place.path}${label}` }
      const isFree =
        isEmpty(of, place.isPacked) ||
        (of.t === 'align' && place.position === 0) ||
        (of.t === 'range' && BigInt(of.min) === BigInt(of.max))
      const effects = isFree ? bothWays('none') : tailEffects([of], edit, place.end, place.position)
      const words = describe(of)
      if (edit === 'added') this.#owner.changed('field-added', here, 'absent', words, effects)
      else this.#owner.changed('field-removed', here, words, 'absent', effects)
    }
  }
}
