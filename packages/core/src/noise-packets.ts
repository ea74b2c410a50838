import { SealedPackets } from './encryption/sealed-packets.ts'
import type { SealOptions } from './ports/sealing.ts'
import type { Link } from './ports/transport.ts'

/** A link over one that carries packets, which begins with a handshake and then has each packet sealed. A door of its own: transports over datagrams bring it. */
export function sealPackets(link: Link, options: SealOptions): Link {
  return new SealedPackets(link, options)
}
