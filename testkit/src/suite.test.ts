import { codecSuite } from './codec-suite.ts'
import { PlainCodec, plain } from './plain-codec.ts'
import { protocolSuite } from './protocol-suite.ts'

const samples = [
  { key: 'text', body: 'grüße, 世界 🎈' },
  { key: 'empty', body: '' },
  { key: 'nothing', body: null },
  { key: 'number', body: -12.5 },
  { key: 'list', body: [1, [2, [3]], { four: 5 }] },
  { key: 'text', body: 'x'.repeat(3000) },
  { key: 'large', body: Array.from({ length: 9000 }, (_, index) => index) },
  { key: 'close', body: 'a message called close' },
]
const hostile = {
  bodies: [
    { key: 'text', body: undefined },
    { key: 'text', body: () => 1 },
    { key: 'text', body: 5n },
  ],
  bytes: [
    { key: 'text', bytes: [] },
    { key: 'text', bytes: [0x22] },
    { key: 'text', bytes: [0xff, 0xfe] },
    { key: 'text', bytes: [0x7b] },
  ],
}
const keys = ['text', 'empty', 'nothing', 'number', 'list', 'large', 'close']

codecSuite('plain', () => new PlainCodec(), samples, hostile)
codecSuite('plain with keys', () => new PlainCodec({ keys }), samples, hostile)
protocolSuite('plain', () => plain(), samples)
protocolSuite('plain with keys', () => plain({ keys }), samples)
