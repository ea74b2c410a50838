/**
 * A peer written from docs/WIRE.md alone: it imports nothing of this repository, so that the document and the code can be
 * held against each other. Slow and plain; reads and writes what the vectors and the live tests need.
 */

/** A frame: section 1. */
export interface Frame {
  readonly kind: number
  readonly number: number
  readonly body: Buffer
  /** Header and body. */
  readonly size: number
}

export const kinds = { message: 0, request: 1, reply: 2, control: 3 } as const
export const controls = { hello: 1, contract: 2, ping: 3, pong: 4, close: 5, fault: 6 } as const
export const byName = 16_383

/** Section 1: the first frame of the bytes, or undefined while it isn't whole. */
export function cutFrame(bytes: Buffer): Frame | undefined {
  if (bytes.length < 4) return undefined
  const short = bytes[0] + bytes[1] * 256
  const tag = bytes[2] + bytes[3] * 256
  const header = short === 65_535 ? 8 : 4
  if (bytes.length < header) return undefined
  const size = header === 4 ? short : bytes.readUInt32LE(4)
  if (bytes.length < header + size) return undefined
  const body = bytes.subarray(header, header + size)
  return { kind: Math.floor(tag / 16_384), number: tag % 16_384, body, size: header + size }
}

/** Sections 1 and 2. */
export function frame(
  kind: number,
  number: number,
  ...parts: readonly (Buffer | readonly number[])[]
): Buffer {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part)))
  const tag = kind * 16_384 + number
  if (body.length < 65_535) return Buffer.concat([u16(body.length), u16(tag), body])
  return Buffer.concat([u16(65_535), u16(tag), u32(body.length), body])
}

/** Section 3. */
export interface Hello {
  readonly wireVersion: number
  readonly messageSizeMax: number
  readonly contractVersion: number
  readonly fingerprint: string
  readonly codec: string
}

export function hello(fields: Hello): Buffer {
  return frame(
    kinds.control,
    controls.hello,
    Buffer.from('MLRC'),
    [fields.wireVersion],
    u32(fields.messageSizeMax),
    u32(fields.contractVersion),
    Buffer.from(fields.fingerprint, 'hex'),
    shortText(fields.codec),
  )
}

export function readHello({ body }: Frame): Hello {
  if (body.toString('latin1', 0, 4) !== 'MLRC') throw new Error('a stranger')
  return {
    wireVersion: body[4],
    messageSizeMax: body.readUInt32LE(5),
    contractVersion: body.readUInt32LE(9),
    fingerprint: body.toString('hex', 13, 21),
    codec: readText(body, 21).text,
  }
}

/** Section 5.2. */
export interface ContractTable {
  readonly version: number
  readonly entries: readonly {
    readonly key: string
    readonly fingerprint: string
    readonly fieldCount: number
  }[]
}

export function contractTable({ version, entries }: ContractTable): Buffer {
  const parts = entries.flatMap(({ key, fingerprint, fieldCount }) => [
    Buffer.from(fingerprint, 'hex'),
    u16(fieldCount),
    shortText(key),
  ])
  return frame(kinds.control, controls.contract, u32(version), u16(entries.length), ...parts)
}

export function readContract({ body }: Frame): ContractTable {
  const entries: ContractTable['entries'][number][] = []
  let at = 6
  for (let left = body.readUInt16LE(4); left > 0; left--) {
    const { text, end } = readText(body, at + 10)
    entries.push({
      key: text,
      fingerprint: body.toString('hex', at, at + 8),
      fieldCount: body.readUInt16LE(at + 8),
    })
    at = end
  }
  return { version: body.readUInt32LE(0), entries }
}

/** Sections 5.1, 5.3 and 5.4. */
export function ping(token: number): Buffer {
  return frame(kinds.control, controls.ping, u32(token))
}

export function pong({ body }: Frame): Buffer {
  return frame(kinds.control, controls.pong, body)
}

export function close(code: number, text: string): Buffer {
  return frame(kinds.control, controls.close, [code], shortText(text))
}

export function readClose({ body }: Frame): { readonly code: number; readonly text: string } {
  return { code: body[0] <= 7 ? body[0] : 0, text: readText(body, 1).text }
}

export function readFault({ body }: Frame): { readonly id: number; readonly text: string } {
  return { id: body.readUInt32LE(0), text: readText(body, 4).text }
}

/** Section 6: what stands before the body itself. */
export function readCall({ kind, number, body }: Frame): {
  readonly id: number | undefined
  readonly key: string | undefined
  readonly body: Buffer
} {
  const id = kind === kinds.message ? undefined : body.readUInt32LE(0)
  const start = id === undefined ? 0 : 4
  if (number !== byName) return { id, key: undefined, body: body.subarray(start) }
  const { text, end } = readText(body, start)
  return { id, key: text, body: body.subarray(end) }
}

export function shortText(text: string): Buffer {
  const bytes = Buffer.from(text)
  return Buffer.concat([Buffer.from([bytes.length]), bytes])
}

export function u16(value: number): Buffer {
  return Buffer.from([value % 256, Math.floor(value / 256) % 256])
}

export function u32(value: number): Buffer {
  return Buffer.concat([u16(value % 65_536), u16(Math.floor(value / 65_536))])
}

function readText(bytes: Buffer, at: number): { readonly text: string; readonly end: number } {
  const end = at + 1 + bytes[at]
  if (!(end <= bytes.length)) throw new Error('a text that is cut')
  return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(at + 1, end)), end }
}

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
  const { size, end } = readPrefix(bytes, at)
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

function readPrefix(bytes: Buffer, at: number): { readonly size: number; readonly end: number } {
  const first = bytes[at]
  if (first < 0x80) return { size: first, end: at + 1 }
  if (first < 0xc0) return { size: (first - 0x80) * 256 + bytes[at + 1], end: at + 2 }
  return { size: ((first - 0xc0) * 256 + bytes[at + 1]) * 65_536 + bytes.readUInt16LE(at + 2), end: at + 4 }
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
