import { codecSuite, protocolSuite } from '@millrace/testkit'
import { array, bool, enumeration, f32, f64, i16, i64, optional, text, u8, u16, u32 } from 'bitsery-ts'
import { BitsCodec, bits } from './bits.ts'
import { contract, request } from './contract.ts'

const game = contract({
  move: { id: u32, x: f32, y: f64, z: i16 },
  chat: { from: u16, line: text(200) },
  empty: {},
  world: { monsters: array({ id: u16, name: text(20), pet: optional({ age: u8 }) }, 2000), isDay: bool },
  mode: { kind: enumeration(['calm', 'wild']), score: i64 },
  buy: request({ item: u32 }, { left: u32 }),
  close: { why: text(10) },
})

const monsters = (count: number) =>
  Array.from({ length: count }, (_, id) => {
    return { id, name: `monster ${id}`, pet: id % 3 === 0 ? { age: id % 100 } : undefined }
  })

const samples = [
  { key: 'move', body: { id: 4_294_967_295, x: -0.5, y: 0.1, z: -32_768 } },
  { key: 'chat', body: { from: 65_535, line: 'grüße, 世界 🎈' } },
  { key: 'empty', body: {} },
  { key: 'chat', body: { from: 0, line: '' } },
  { key: 'world', body: { monsters: [], isDay: false } },
  { key: 'world', body: { monsters: monsters(2000), isDay: true } },
  { key: 'mode', body: { kind: 'wild', score: -(2n ** 63n) } },
  { key: 'buy', body: { item: 7 } },
  { key: 'close', body: { why: 'a name' } },
]

const hostile = {
  bodies: [
    { key: 'move', body: undefined },
    { key: 'move', body: null },
    { key: 'move', body: { id: -1, x: 0, y: 0, z: 0 } },
    { key: 'move', body: { id: 2 ** 32, x: 0, y: 0, z: 0 } },
    { key: 'move', body: { id: 1.5, x: 0, y: 0, z: 0 } },
    { key: 'move', body: { id: 1, x: 'far', y: 0, z: 0 } },
    { key: 'chat', body: { from: 1, line: 'x'.repeat(201) } },
    { key: 'chat', body: { from: 1, line: 5 } },
    { key: 'world', body: { monsters: monsters(2001), isDay: true } },
    { key: 'world', body: { monsters: [{ id: 1, name: 'a'.repeat(21), pet: undefined }], isDay: true } },
    { key: 'mode', body: { kind: 'other', score: 0n } },
  ],
  bytes: [
    { key: 'move', bytes: [] },
    { key: 'chat', bytes: [1, 0, 5, 0x61] },
    { key: 'chat', bytes: [1, 0, 2, 0xc0, 0x80] },
    { key: 'chat', bytes: [1, 0, 0xff, 0xff] },
    { key: 'world', bytes: [0xff, 0xff, 0xff, 0xff, 1] },
    { key: 'mode', bytes: [9, 0, 0, 0, 0, 0, 0, 0, 0] },
    { key: 'empty', bytes: [0] },
  ],
}

codecSuite('bits', () => new BitsCodec(game), samples, hostile)
protocolSuite('bits', () => bits(game), samples)
