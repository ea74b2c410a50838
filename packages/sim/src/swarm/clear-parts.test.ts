import { expect, it } from 'vitest'
import { carryingPart } from './clear-parts.ts'

const packet = (hex: string) =>
  Uint8Array.from([...new Array<number>(15).fill(0x22), ...Buffer.from(hex.replaceAll(' ', ''), 'hex')])

it.each([
  ['nothing', '', -1],
  ['padding', '00 10 10', -1],
  ['an ack with two ranges, then a lane', '02 2c0100000000 80fa 02 00 812303 0002 13 0000', 0x13],
  ['a handshake with a size of two bytes', `08 0000 8080 ${'11'.repeat(128)} 01 20`, 0x20],
  ['a handshake with a size of four bytes', `08 0000 c0000300 131313 25`, 0x25],
  [
    'window, challenge, response, end, close',
    '03 00 881e00000000 04 1111111111111111 05 2222222222222222 07 06 00',
    -1,
  ],
])('finds what a plain packet carries: %s', (_name, hex, part) => {
  expect(carryingPart(packet(hex))).toBe(part)
})
