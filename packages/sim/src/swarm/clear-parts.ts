/** What stands in a plain packet, as docs/UDP.md, section 3, says: enough of it to tell what may be in one of a connection that is to be sealed. */

const plainHeaderSize = 15
const fixedSizes: Readonly<Record<number, number>> = { 1: 0, 3: 7, 4: 8, 5: 8, 6: 1, 7: 0 }

/** The first part that carries anything of a program, by its type, or -1 if all are of the connection's own. */
export function carryingPart(packet: Uint8Array): number {
  const cursor = { at: plainHeaderSize }
  while (cursor.at < packet.length) {
    const type = packet[cursor.at++]
    if (type === 0x00) return -1
    if (type >= 0x10) return type
    const size = fixedSizes[type]
    if (size !== undefined) cursor.at += size
    else if (type === 0x02) skipAck(packet, cursor)
    else if (type === 0x08) {
      cursor.at += 2
      const partSize = varint(packet, cursor)
      cursor.at += partSize
    } else return type
  }
  return -1
}

function skipAck(packet: Uint8Array, cursor: { at: number }): void {
  cursor.at += 6
  varint(packet, cursor)
  const ranges = packet[cursor.at++]
  varint(packet, cursor)
  for (let count = 0; count < 2 * ranges; count++) varint(packet, cursor)
}

/** docs/WIRE.md, section 1. */
function varint(packet: Uint8Array, cursor: { at: number }): number {
  const first = packet[cursor.at++]
  if (first < 0x80) return first
  if (first < 0xc0) return ((first & 0x3f) << 8) | packet[cursor.at++]
  const value =
    ((first & 0x3f) << 24) | (packet[cursor.at] << 16) | (packet[cursor.at + 2] << 8) | packet[cursor.at + 1]
  cursor.at += 3
  return value
}
