import { codecSuite, protocolSuite } from '@millrace/testkit'
import { MsgpackTimestamp } from './msgpack-timestamp.ts'
import { MsgpackCodec, msgpack } from './protocol.ts'

const samples = [
  { key: 'move', body: { id: 4_294_967_295, x: -0.5, y: 0.1, z: -32_768 } },
  { key: 'chat', body: { from: 65_535, line: 'grüße, 世界 🎈' } },
  { key: 'nothing', body: null },
  { key: 'text', body: '' },
  { key: 'text', body: 'x'.repeat(70_000) },
  { key: 'list', body: [1, [2, [3]], { four: 5 }, true, false, null] },
  { key: 'large', body: Array.from({ length: 9000 }, (_, index) => ({ index })) },
  { key: 'bytes', body: Uint8Array.from({ length: 300 }, (_, index) => index & 255) },
  { key: 'close', body: 'a message called close' },
]

const circle: unknown[] = []
circle.push(circle)

const hostile = {
  bodies: [
    { key: 'any', body: () => 1 },
    { key: 'any', body: Symbol('no') },
    { key: 'any', body: 2n ** 64n },
    { key: 'any', body: circle },
    { key: 'any', body: new Map([[7, 100]]) },
    { key: 'any', body: new MsgpackTimestamp(8.64e12 + 1, 0) },
  ],
  bytes: [
    { key: 'any', bytes: [] },
    { key: 'any', bytes: [0xc1] },
    { key: 'any', bytes: [0xdd, 0xff, 0xff, 0xff, 0xff] },
    { key: 'any', bytes: [0xdf, 0xff, 0xff, 0xff, 0xff] },
    { key: 'any', bytes: [0xdb, 0xff, 0xff, 0xff, 0xff, 0x61] },
    { key: 'any', bytes: [0xa1, 0xff] },
    { key: 'any', bytes: [0x92, 0x01] },
    { key: 'any', bytes: [0x01, 0x02] },
    { key: 'any', bytes: new Array(200).fill(0x91) },
    { key: 'any', bytes: [0x81, 0xa9, ...new TextEncoder().encode('__proto__'), 0x80] },
  ],
}

codecSuite('msgpack', () => new MsgpackCodec(), samples, hostile)
protocolSuite('msgpack', () => msgpack(), samples)
