import { codes, frame, ping, shortText, varint } from '../../../tools/wire-peer.ts'

/** What a flood consists of. */
export type FloodKind = 'none' | 'pings' | 'messages' | 'requests' | 'unanswered' | 'maps' | 'arrays' | 'text'

const nil = Buffer.from([0xc0])

/** What each connection of a flood sends again and again, in frames that are well formed: docs/WIRE.md. */
export function floodBytes(kind: FloodKind): Buffer | undefined {
  switch (kind) {
    case 'none':
      return undefined
    case 'pings':
      return many(8192, () => ping(1))
    case 'messages':
      return many(8192, () => message(nil))
    case 'requests':
      return many(4096, (id) => request(id, 'echo'))
    case 'unanswered':
      return many(4096, (id) => request(id, 'unheard'))
    case 'maps':
      return message(
        arrayOf(
          many(90, () => map),
          90,
        ),
      )
    case 'arrays':
      return message(arrayOf(Buffer.alloc(0xffff, 0x90), 0xffff))
    case 'text':
      return message(Buffer.concat([Buffer.from([0xdb, 0, 0x0f, 0, 0]), Buffer.alloc(0xf0000, '\u{1f600}')]))
  }
}

/** A msgpack map of 1,024 keys, each with 0. */
const map = Buffer.concat([
  Buffer.from([0xde, 4, 0]),
  many(1024, (index) => {
    const key = Buffer.from(`k${index.toString(36).padStart(3, '0')}`)
    return Buffer.concat([Buffer.from([0xa0 | key.length]), key, Buffer.from([0])])
  }),
])

function many(count: number, make: (index: number) => Buffer): Buffer {
  return Buffer.concat(Array.from({ length: count }, (_, index) => make(index)))
}

function arrayOf(items: Buffer, count: number): Buffer {
  return Buffer.concat([Buffer.from([0xdc, count >> 8, count & 0xff]), items])
}

function message(body: Buffer): Buffer {
  return frame(codes.messageByKey, shortText('flood'), body)
}

function request(id: number, key: string): Buffer {
  return frame(codes.requestByKey, varint(id), shortText(key), nil)
}
