import {
  finishFrame,
  frameCode,
  headerSizeMax,
  helloRoom,
  varintSize,
  writeHello,
  writeText,
  writeVarint,
} from '@millrace/wire'

/** What a flood consists of. */
export type FloodKind = 'none' | 'pings' | 'messages' | 'requests' | 'unanswered' | 'maps' | 'arrays' | 'text'

const nil = Buffer.from([0xc0])

/** What each connection of a flood sends again and again, in frames that are well formed: docs/WIRE.md. */
export function floodBytes(kind: FloodKind): Buffer | undefined {
  switch (kind) {
    case 'none':
      return undefined
    case 'pings':
      return many(8192, () => frame(frameCode.ping, Buffer.from([1, 0, 0, 0])))
    case 'messages':
      return many(8192, () => message(nil))
    case 'requests':
      return many(4096, (id) => request(id, 'echo'))
    case 'unanswered':
      return many(4096, (id) => request(id, 'unheard'))
    case 'maps':
      return many(8, (index) =>
        message(
          arrayOf(
            many(16, (which) => mapOf(16 * index + which)),
            16,
          ),
        ),
      )
    case 'arrays':
      return message(arrayOf(Buffer.alloc(0xffff, 0x90), 0xffff))
    case 'text':
      return message(Buffer.concat([Buffer.from([0xdb, 0, 0x0f, 0, 0]), Buffer.alloc(0xf0000, '\u{1f600}')]))
  }
}

/** A msgpack map of 1,024 keys that no other has, each with 0. */
function mapOf(which: number): Buffer {
  const entries = many(1024, (index) => {
    const key = Buffer.from((1024 * which + index).toString(36).padStart(4, '0'))
    return Buffer.concat([Buffer.from([0xa0 | key.length]), key, Buffer.from([0])])
  })
  return Buffer.concat([Buffer.from([0xde, 4, 0]), entries])
}

function many(count: number, make: (index: number) => Buffer): Buffer {
  return Buffer.concat(Array.from({ length: count }, (_, index) => make(index)))
}

function arrayOf(items: Buffer, count: number): Buffer {
  return Buffer.concat([Buffer.from([0xdc, count >> 8, count & 0xff]), items])
}

/** What a flooder says first. */
export function hello(index: number): Buffer {
  const bytes = Buffer.alloc(helloRoom)
  const end = writeHello(targetOf(bytes), 0, {
    role: 'opened',
    nonce: Buffer.from(index.toString(16).padStart(16, 'a'), 'hex'),
    messageSizeMax: 1 << 20,
    codec: 'msgpack',
    contractVersion: 0,
    fingerprint: '0'.repeat(16),
    data: Buffer.alloc(0),
  })
  return bytes.subarray(0, end)
}

function message(body: Buffer): Buffer {
  return frame(frameCode.namedMessage, shortText('flood'), body)
}

function request(id: number, key: string): Buffer {
  const number = Buffer.alloc(varintSize(id))
  writeVarint(number, 0, id)
  return frame(frameCode.namedRequest, number, shortText(key), nil)
}

function frame(code: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts)
  const bytes = Buffer.concat([Buffer.alloc(headerSizeMax), body])
  return bytes.subarray(0, finishFrame(targetOf(bytes), 0, code, headerSizeMax, bytes.length))
}

function shortText(text: string): Buffer {
  const bytes = Buffer.alloc(1 + text.length)
  writeText(targetOf(bytes), 0, text)
  return bytes
}

function targetOf(bytes: Buffer) {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) }
}
