import { contentsConnection } from '../base/packet-contents.ts'

/** What the connection itself remembers of a packet: `(what, a, b)`. */
export const remembered = {
  /** Bytes of the handshake, from a to b. */
  handshake: contentsConnection,
  /** The window of a. */
  window: contentsConnection + 1,
  /** The end of what this side has to say. */
  end: contentsConnection + 2,
  /** A probe of a bytes. */
  probe: contentsConnection + 3,
  /** A packet of a bytes, more than every path carries. */
  size: contentsConnection + 4,
  /** An acknowledgement up to packet a. */
  ack: contentsConnection + 5,
  /** It asks for an acknowledgement, and nothing of it is sent again: a ping, or messages that may be lost, which count for the path like any other. */
  ping: contentsConnection + 6,
} as const
