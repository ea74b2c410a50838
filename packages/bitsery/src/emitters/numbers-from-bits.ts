import { swap32 } from '../bytes/shift.ts'

/** What this needs of the emitter of a reader. */
interface BitSource {
  readonly isLittle: boolean
  readonly isBitKnown: boolean
  settle(): void
  line(text: string): void
  local(expression: string): string
  constant(value: unknown): string
  bits(width: number): string
}

/** Where floats lie while they are put together from bits. */
const raw = /* @__PURE__ */ new DataView(/* @__PURE__ */ new ArrayBuffer(8))

/** The local of a number that doesn't lie on whole bytes: least significant byte first, in schemas of any byte order. */
export function numberFromBits(source: BitSource, method: string, size: number): string {
  if (size === 8) return fromRaw(source, method, halvesFromBits(source))
  const isSwapped = orderTest(source, size)
  let bits = source.local(source.bits(size * 8))
  if (isSwapped !== undefined) {
    const swapped = `${source.constant(swap32)}(${bits}) >>> ${32 - size * 8}`
    bits = source.local(`${isSwapped} ? ${swapped} : ${bits}`)
  }
  if (method === 'Float32') return fromRaw(source, method, [bits, '0'])
  if (method === 'Int32') return source.local(`${bits} | 0`)
  const shift = 32 - size * 8
  return method.startsWith('Int') ? source.local(`${bits} << ${shift} >> ${shift}`) : bits
}

/** The halves of an integer of 8 bytes that doesn't lie on whole bytes, as locals: low and high. */
export function halvesFromBits(source: BitSource): readonly [low: string, high: string] {
  const isSwapped = orderTest(source, 8)
  const first = source.local(source.bits(32))
  const second = source.local(source.bits(32))
  if (isSwapped === undefined) return [first, second]
  const swap = source.constant(swap32)
  return [
    source.local(`${isSwapped} ? ${swap}(${second}) >>> 0 : ${first}`),
    source.local(`${isSwapped} ? ${swap}(${first}) >>> 0 : ${second}`),
  ]
}

/** In a big-endian schema, the order of bytes depends on whether they happen to lie on whole bytes: the local that says so. */
function orderTest(source: BitSource, size: number): string | undefined {
  if (source.isLittle || source.isBitKnown || size === 1) return undefined
  source.settle()
  return source.local('b === 0')
}

function fromRaw(source: BitSource, method: string, [low, high]: readonly [string, string]): string {
  const view = source.constant(raw)
  source.line(`${view}.setInt32(0, ${low}, true); ${view}.setInt32(4, ${high}, true)`)
  return source.local(`${view}.get${method}(0, true)`)
}
