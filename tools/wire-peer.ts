/**
 * A peer written from docs/WIRE.md alone: it imports nothing of this repository, so that the document and the code can be
 * held against each other. Slow and plain; reads and writes what the vectors and the live tests need. The bodies: `wire-bodies.ts`.
 */

/** A frame: section 1. */
export interface Frame {
  readonly code: number
  readonly body: Buffer
  /** Header and body. */
  readonly size: number
}

/** Section 2. */
export const codes = {
  hello: 0x80,
  contract: 0x81,
  ping: 0x82,
  pong: 0x83,
  close: 0x84,
  cipher: 0x85,
  fault: 0x86,
  message: 0x90,
  messageByKey: 0x91,
  request: 0x92,
  requestByKey: 0x93,
  reply: 0x94,
} as const

/** Section 6.2: the sizes that stand in no frame, by message number. */
export type FixedSizes = Readonly<Record<number, number | null>>

/** Section 1: the first frame of the bytes, or undefined while it isn't whole. */
export function cutFrame(bytes: Buffer, fixedSizes: FixedSizes = {}): Frame | undefined {
  if (bytes.length < 1) return undefined
  const code = bytes[0]
  const fixed = code < 0x80 ? (fixedSizes[code] ?? undefined) : undefined
  const { value, end } = fixed === undefined ? readVarint(bytes, 1) : { value: fixed, end: 1 }
  if (!(end + value <= bytes.length)) return undefined
  return { code, body: bytes.subarray(end, end + value), size: end + value }
}

/** Sections 1 and 2: a frame with its size in it. */
export function frame(code: number, ...parts: readonly (Buffer | readonly number[])[]): Buffer {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part)))
  return Buffer.concat([Buffer.from([code]), varint(body.length), body])
}

/** Section 6.2: a message of a fixed size. */
export function fixedMessage(number: number, ...parts: readonly (Buffer | readonly number[])[]): Buffer {
  return Buffer.concat([Buffer.from([number]), ...parts.map((part) => Buffer.from(part))])
}

/** Section 1. */
export function varint(value: number): Buffer {
  if (value < 128) return Buffer.from([value])
  if (value < 16_384) return Buffer.from([128 + Math.floor(value / 256), value % 256])
  const high = Math.floor(value / 65_536)
  return Buffer.concat([Buffer.from([192 + Math.floor(high / 256), high % 256]), u16(value % 65_536)])
}

/** Section 3. */
export interface Hello {
  readonly wireVersion: number
  readonly role: number
  /** As hexadecimal digits, as is `data`. */
  readonly random: string
  readonly messageSizeMax: number
  readonly contractVersion: number
  readonly fingerprint: string
  readonly codec: string
  readonly data: string
}

export function hello(fields: Hello): Buffer {
  return frame(
    codes.hello,
    Buffer.from('MLRC'),
    [fields.wireVersion, fields.role],
    Buffer.from(fields.random, 'hex'),
    u32(fields.messageSizeMax),
    u32(fields.contractVersion),
    Buffer.from(fields.fingerprint, 'hex'),
    [0],
    shortText(fields.codec),
    [0],
    u16(fields.data.length / 2),
    Buffer.from(fields.data, 'hex'),
  )
}

/** Section 3, at 14. */
const leastMessageSize = 4096

export function readHello({ body }: Frame): Hello {
  if (body.toString('latin1', 0, 4) !== 'MLRC') throw new Error('a stranger')
  if (body.readUInt32LE(14) < leastMessageSize) throw new Error('a hello that takes less than 4,096 bytes')
  const { text: codec, end } = readText(body, 31)
  const dataAt = end + 1 + body[end]
  return {
    wireVersion: body[4],
    role: body[5],
    random: body.toString('hex', 6, 14),
    messageSizeMax: body.readUInt32LE(14),
    contractVersion: body.readUInt32LE(18),
    fingerprint: body.toString('hex', 22, 30),
    codec,
    data: body.toString('hex', dataAt + 2, dataAt + 2 + body.readUInt16LE(dataAt)),
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
  return frame(codes.contract, u32(version), u16(entries.length), ...parts)
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
  return frame(codes.ping, u32(token))
}

export function pong({ body }: Frame): Buffer {
  return frame(codes.pong, body)
}

export function close(why: number, text: string, appCode = 0): Buffer {
  return frame(codes.close, [why], u16(appCode), shortText(text))
}

export function readClose({ body }: Frame): {
  readonly why: number
  readonly appCode: number
  readonly text: string
} {
  return { why: body[0] <= 10 ? body[0] : 0, appCode: body.readUInt16LE(1), text: readText(body, 3).text }
}

export function fault(id: number, text: string): Buffer {
  return frame(codes.fault, varint(id), shortText(text))
}

export function readFault({ body }: Frame): { readonly id: number; readonly text: string } {
  const { value: id, end } = readVarint(body, 0)
  return { id, text: readText(body, end).text }
}

/** Section 2 and 6: what stands before the body itself. */
export function readCall({ code, body }: Frame): {
  readonly id: number | undefined
  readonly number: number | undefined
  readonly key: string | undefined
  readonly body: Buffer
} {
  let at = 0
  let id: number | undefined
  let key: string | undefined
  let number = code < 0x80 ? code : undefined
  if (code === codes.request || code === codes.requestByKey || code === codes.reply) {
    const read = readVarint(body, at)
    id = read.value
    at = read.end
  }
  if (code === codes.message || code === codes.request) {
    const read = readVarint(body, at)
    number = read.value
    at = read.end
  } else if (code === codes.messageByKey || code === codes.requestByKey) {
    const read = readText(body, at)
    key = read.text
    at = read.end
  }
  return { id, number, key, body: body.subarray(at) }
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

/** Section 1. NaN while it isn't whole. */
export function readVarint(bytes: Buffer, at: number): { readonly value: number; readonly end: number } {
  const first = bytes[at] ?? Number.NaN
  if (first < 128) return { value: first, end: at + 1 }
  if (first < 192) return { value: (first - 128) * 256 + (bytes[at + 1] ?? Number.NaN), end: at + 2 }
  if (!(at + 4 <= bytes.length)) return { value: Number.NaN, end: at }
  return { value: ((first - 192) * 256 + bytes[at + 1]) * 65_536 + bytes.readUInt16LE(at + 2), end: at + 4 }
}
