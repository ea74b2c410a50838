import { SimError } from '../base/sim-error.ts'
import type { PathStatistics } from '../net/path.ts'
import type { Net } from '../net/presets.ts'
import type { Netem } from './bad-paths.ts'

/** What a proxy is to do. */
export interface ProxyOptions {
  /** Where clients find it: `udp://127.0.0.1:0` or `tcp://…`. Port 0: any that is free. */
  readonly listen: string
  /** The server: `udp://127.0.0.1:7777`, of the same kind. */
  readonly to: string
  /** What the network does to packets, in each direction; each client has a path of its own. Streams have a model of TCP: for their bytes it is a delay. */
  readonly net: Net
  /** For what is drawn: a whole number. Default 1. */
  readonly seed?: number | undefined
  /** So many clients at once, each with a socket to the server. More get nothing, and are counted. Default 1,024. */
  readonly clientsMax?: number | undefined
  /** A udp client of which nothing was heard for so long, in either direction, is forgotten, and its socket closed: milliseconds, default 60,000. */
  readonly idleMs?: number | undefined
  /** Told of what goes wrong while the proxy goes on: a server that can't be reached, a client that can't be taken. */
  readonly onFailure?: ((error: unknown) => void) | undefined
}

/** What a proxy did so far. */
export interface ProxyStatistics {
  /** That it has now, and ever had. */
  readonly clients: number
  readonly clientsSeen: number
  /** Connections, or packets, of clients above `clientsMax`. */
  readonly refused: number
  /** Connections, or packets, for which there was no way to the server. */
  readonly unreachable: number
  readonly toServer: PathStatistics
  readonly toClients: PathStatistics
}

/** A bad network between clients and a server, which know nothing of it. */
export interface NetemProxy extends Pick<Netem, 'setNet'> {
  /** Where it listens, with the port that the system chose. */
  readonly address: string
  statistics(): ProxyStatistics
  /** Ends all connections, and resolves when all sockets are closed. */
  close(): Promise<void>
}

/** What a proxy was told, and what it does where nothing was said. */
export interface ProxySettings {
  readonly listen: string
  readonly to: string
  readonly net: Net
  readonly seed: number | undefined
  readonly clientsMax: number
  readonly idleMs: number
  onFailure(error: unknown): void
}

/** Counts of a proxy that no path has. */
export interface ClientCounts {
  clientsSeen: number
  refused: number
  unreachable: number
}

/** What stands behind `scheme://`. */
export function placeOf(address: string): string {
  return address.slice(address.indexOf('://') + 3)
}

/** The address of a server has a port. Throws `argument-invalid`. */
export function checkServer<Address extends { readonly port: number; readonly text: string }>(
  address: Address,
): Address {
  if (address.port > 0) return address
  throw new SimError(
    'argument-invalid',
    `to is the address of a server, with a port from 1 to 65535; got ${address.text}`,
  )
}
