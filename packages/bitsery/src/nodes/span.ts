import { shifted } from '../bytes/shift.ts'
import type { ReadEmitter } from '../emitters/read-emitter.ts'

/** Where bytes that were taken are: expressions. */
export interface Span {
  readonly bytes: string
  readonly view: string
  readonly at: string
  /** The byte order of units in there: least significant byte first where they don't lie on whole bytes. */
  readonly isLittle: string
}

/** Appends code that takes as many whole bytes as an expression says, and gives up if they aren't there. */
export function takeSpan(emitter: ReadEmitter, size: string): Span {
  emitter.settle()
  const { end, isLittle, takenBits } = emitter
  if (emitter.isAligned) {
    emitter.giveUpIf(`${size} > ${end} - p`)
    const at = emitter.local('p')
    emitter.line(`p += ${size}`)
    return { bytes: 'bytes', view: 'view', at, isLittle: String(isLittle) }
  }
  emitter.giveUpIf(`(${size}) * 8 > (${end} - p) * 8 - ${takenBits}`)
  const order = isLittle || emitter.isBitKnown ? 'true' : emitter.local('b > 0')
  const whole = emitter.local(`${emitter.constant(shifted)}(bytes, p, ${takenBits}, ${size})`)
  emitter.line(`p += ${size}`)
  return { bytes: `${whole}.bytes`, view: `${whole}.view`, at: '0', isLittle: order }
}
