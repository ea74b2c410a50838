/**
 * The bodies of messages as docs/WIRE.md has them, for the peer of `wire-peer.ts`: written from the page alone, slow and plain.
 */
import { readVarint } from './wire-peer.ts'

/** Section 7.3. */
export function fingerprint(text: string): string {
  let hash = 0xcbf29ce484222325n
  for (const byte of Buffer.from(text, 'utf16le')) hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) % 2n ** 64n
  return hash.toString(16).padStart(16, '0')
}

/** Section 7.1: a schema as its descriptor. */
export type Descriptor = {
  readonly t: string
  readonly n?: number
  readonly max?: number
  readonly of?: Descriptor
  readonly fields?: readonly (readonly [string, Descriptor])[]
  readonly values?: readonly (readonly [string, number])[]
}

/** Section 7.1: reads one body, and insists that nothing is left. */
export function readBits(descriptor: Descriptor, bytes: Buffer): unknown {
  const { value, end } = readField(descriptor, bytes, 0)
  if (end !== bytes.length) throw new Error(`${bytes.length - end} bytes too many`)
  return value
}

type Read = { readonly value: unknown; readonly end: number }

function readField(descriptor: Descriptor, bytes: Buffer, at: number): Read {
  const { t, n = 0, max = 0, of = descriptor, fields = [], values = [] } = descriptor
  switch (t) {
    case 'u8':
      return { value: bytes.readUInt8(at), end: at + 1 }
    case 'u16':
      return { value: bytes.readUInt16LE(at), end: at + 2 }
    case 'i16':
      return { value: bytes.readInt16LE(at), end: at + 2 }
    case 'u32':
      return { value: bytes.readUInt32LE(at), end: at + 4 }
    case 'f32':
      return { value: bytes.readFloatLE(at), end: at + 4 }
    case 'f64':
      return { value: bytes.readDoubleLE(at), end: at + 8 }
    case 'bool':
      return { value: oneOf(bytes, at, [false, true]), end: at + 1 }
    case 'enum':
      return { value: values.find(([, number]) => number === bytes[at])?.[0], end: at + 1 }
    case 'optional':
      return oneOf(bytes, at, [false, true])
        ? readField(of, bytes, at + 1)
        : { value: undefined, end: at + 1 }
    case 'fixedArray':
      return readElements(of, n, bytes, at)
    case 'struct':
      return readStruct(fields, bytes, at)
  }
  const { value: size, end } = readVarint(bytes, at)
  if (size > max || end + size > bytes.length) throw new Error(`${size} elements where ${max} are the most`)
  if (t === 'array') return readElements(of, size, bytes, end)
  if (t === 'text') return { value: bytes.toString('utf8', end, end + size), end: end + size }
  throw new Error(`nothing is written about ${t}`)
}

function readStruct(fields: NonNullable<Descriptor['fields']>, bytes: Buffer, at: number): Read {
  const value: Record<string, unknown> = {}
  let end = at
  for (const [name, field] of fields) {
    const read = readField(field, bytes, end)
    value[name] = read.value
    end = read.end
  }
  return { value, end }
}

function readElements(of: Descriptor, count: number, bytes: Buffer, at: number): Read {
  const value: unknown[] = []
  let end = at
  for (let index = 0; index < count; index++) {
    const read = readField(of, bytes, end)
    value.push(read.value)
    end = read.end
  }
  return { value, end }
}

function oneOf(bytes: Buffer, at: number, values: readonly boolean[]): boolean {
  if (bytes[at] >= values.length) throw new Error(`a bool of ${bytes[at]}`)
  return values[bytes[at]]
}

/** Section 7.2: the few forms of MessagePack that the vectors use. */
export function readMsgpack(bytes: Buffer): unknown {
  const { value, end } = readValue(bytes, 0)
  if (end !== bytes.length) throw new Error(`${bytes.length - end} bytes too many`)
  return value
}

function readValue(bytes: Buffer, at: number): Read {
  const type = bytes[at]
  if (type < 0x80) return { value: type, end: at + 1 }
  if (type === 0xcd) return { value: bytes.readUInt16BE(at + 1), end: at + 3 }
  if (type === 0xce) return { value: bytes.readUInt32BE(at + 1), end: at + 5 }
  if (type >= 0xa0 && type < 0xc0) {
    const end = at + 1 + type - 0xa0
    return { value: bytes.toString('utf8', at + 1, end), end }
  }
  if (type >= 0xa0) throw new Error(`this reader has no type ${type}`)
  const isMap = type < 0x90
  const value: unknown[] = []
  let end = at + 1
  for (let left = isMap ? 2 * (type - 0x80) : type - 0x90; left > 0; left--) {
    const read = readValue(bytes, end)
    value.push(read.value)
    end = read.end
  }
  if (!isMap) return { value, end }
  const pairs = value.flatMap((key, index) => (index % 2 === 0 ? [[key, value[index + 1]] as const] : []))
  return { value: Object.fromEntries(pairs), end }
}
