/**
 * The parts of a packet of the connection itself (docs/UDP.md, section 3). Those from 0x10 on carry frames and belong to the lanes.
 *
 *     padding    00                              to the end of the packet, whatever follows
 *     ping       01                              asks for an acknowledgement
 *     ack        02  …                           which packets came
 *     window     03  end 6                       the peer may send bytes of lanes and messages up to this sum of all
 *     challenge  04  8 bytes                     come back by `response`, on the same path
 *     response   05  8 bytes
 *     close      06  code 1                      this side has forgotten the connection
 *     end        07                              nothing follows what was sent so far
 *     handshake  08  offset 2  size varint …     bytes of a handshake, in clear
 */
export const partType = {
  padding: 0x00,
  ping: 0x01,
  ack: 0x02,
  window: 0x03,
  challenge: 0x04,
  response: 0x05,
  close: 0x06,
  end: 0x07,
  handshake: 0x08,
} as const

/** Parts from here on carry frames. */
export const partFramesFrom = 0x10

/** The bytes of a challenge. */
export const challengeSize = 8

/** Why a side has forgotten a connection. */
export const closeCode = {
  /** It was cut by its owner. */
  destroyed: 0,
  /** The peer broke the rules of this layout. */
  violation: 1,
} as const
