import { swap32 } from '../bytes/shift.ts'

/** What this needs of the emitter of a writer. */
interface BitTarget {
  readonly isLittle: boolean
  readonly isBitKnown: boolean
  settle(): void
  line(text: string): void
  local(expression: string): string
  constant(value: unknown): string
  bits(value: string, width: number): void
}

/** Where floats lie while their bits are looked at. */
const raw = /* @__PURE__ */ new DataView(/* @__PURE__ */ new ArrayBuffer(8))

/** A number that doesn't lie on whole bytes: least significant byte first, in schemas of any byte order. */
export function numberToBits(target: BitTarget, method: string, size: number, value: string): void {
  if (size === 1) target.bits(`${value} & 255`, 8)
  else if (size === 2) target.bits(ordered16(target, `${value} & 65535`), 16)
  else if (method.endsWith('nt32')) target.bits(ordered32(target, value), 32)
  else {
    const view = target.constant(raw)
    target.line(`${view}.set${method}(0, ${value}, true)`)
    const low = target.local(`${view}.getInt32(0, true)`)
    if (size === 4) target.bits(ordered32(target, low), 32)
    else halvesToBits(target, low, target.local(`${view}.getInt32(4, true)`))
  }
}

/** The halves of an integer of 8 bytes that doesn't lie on whole bytes. */
export function halvesToBits(target: BitTarget, low: string, high: string): void {
  if (target.isLittle || target.isBitKnown) {
    target.bits(low, 32)
    target.bits(high, 32)
    return
  }
  target.settle()
  const isSwapped = target.local('b === 0')
  const swap = target.constant(swap32)
  target.bits(`${isSwapped} ? ${swap}(${high}) : ${low}`, 32)
  target.bits(`${isSwapped} ? ${swap}(${low}) : ${high}`, 32)
}

/** In a big-endian schema, the order of bytes depends on whether they happen to lie on whole bytes. */
function ordered16(target: BitTarget, value: string): string {
  if (target.isLittle || target.isBitKnown) return value
  target.settle()
  return `b === 0 ? (${value}) >>> 8 | (${value} & 255) << 8 : ${value}`
}

function ordered32(target: BitTarget, value: string): string {
  if (target.isLittle || target.isBitKnown) return value
  target.settle()
  return `b === 0 ? ${target.constant(swap32)}(${value}) : ${value}`
}
