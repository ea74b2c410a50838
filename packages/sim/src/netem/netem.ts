import {
  type Address,
  type CancelSignal,
  type Link,
  type LinkRoom,
  type Listener,
  type ListenerOwner,
  MillraceError,
  type StreamTransport,
  type TransportPlugin,
} from '@millrace/core'
import { SimError } from '../base/sim-error.ts'
import type { Net } from '../net/presets.ts'
import type { Scheduler } from '../time/scheduler.ts'
import type { NetemOptions } from './bad-packets.ts'
import { BadPaths, type Netem } from './bad-paths.ts'
import { BridgeEnd } from './bridge.ts'
import { LoopScheduler } from './loop-scheduler.ts'
import { Tunnel } from './tunnel.ts'

/** Within this time, in milliseconds, a connection that one end has opened is known to the other, or ends: as a system gives up by itself. */
export const openTimeoutMs = 130_000

/** A transport of streams over a network that is bad in both directions. */
export interface BadTransport<Fields extends object, Words extends readonly (string | number)[]>
  extends TransportPlugin<Fields, Words>,
    Netem {
  /** Breaks off all its connections, as something on the way may. */
  reset(): void
}

/**
 * Makes a transport of streams bad, in both directions, by the conditions and presets of simulated networks: `protoFactory.add('bad', netem(tcp(), 'bad-wifi'))`.
 * Each connection has a model of TCP between the program and the real one, so that what happens to a packet is for its bytes a delay: sent again after three
 * repeated acknowledgements or a timeout, with all behind it waiting. If both ends of a channel do this, the conditions hold twice. `getProto().as(Tcp)` is that of
 * the transport. For `udp`, see `netemPackets`. Throws `argument-invalid`.
 */
export function netem<Fields extends object, Words extends readonly (string | number)[]>(
  plugin: TransportPlugin<Fields, Words>,
  net: Net,
  { seed, loop }: NetemOptions = {},
): BadTransport<Fields, Words> {
  if (plugin.identity?.() === 'udp') throw datagramsRefused()
  const paths = new BadPaths(net, seed)
  const open: Cuts = new Set()
  return {
    kind: 'transport',
    identity: () => undefined,
    addressFields: plugin.addressFields,
    address: (name, fields) => plugin.address(name, fields),
    parse: (name, text) => plugin.parse(name, text),
    matches: (wanted, bound) => plugin.matches(wanted, bound),
    create(services) {
      const transport = plugin.create(services)
      if (transport.carries !== 'bytes')
        throw new SimError(
          'argument-invalid',
          `netem makes transports of streams bad; got one of ${transport.carries}`,
        )
      const connections = new BadConnections(paths, new LoopScheduler(loop ?? services.loop), open)
      // The same object, so that its settings are found.
      return Object.assign(transport, connections.around(transport))
    },
    statistics: () => paths.statistics(),
    setNet: (changed) => paths.setNet(changed),
    reset() {
      for (const cut of [...open]) cut()
    },
  }
}

function datagramsRefused(): SimError {
  return new SimError(
    'argument-invalid',
    'netem makes streams bad, and udp carries packets: udp({ network: netemPackets(new NodePackets(), net) })',
  )
}

/** What breaks off each connection that is open, or being opened. */
type Cuts = Set<() => void>

/** The connections of one transport. */
class BadConnections {
  readonly #paths: BadPaths
  readonly #time: Scheduler
  readonly #open: Cuts

  constructor(paths: BadPaths, time: Scheduler, open: Cuts) {
    this.#paths = paths
    this.#time = time
    this.#open = open
  }

  /** Listening and connecting of a transport, with a bad network in between. */
  around(transport: StreamTransport): Pick<StreamTransport, 'listen' | 'connect'> {
    const listen = transport.listen.bind(transport)
    const connect = transport.connect.bind(transport)
    return {
      listen: (address, owner) => this.#listen(listen, address, owner),
      connect: async (address, signal) => {
        const link = await connect(address, signal)
        return await this.#between(link, 'here', signal)
      },
    }
  }

  async #listen(
    listen: StreamTransport['listen'],
    address: Address,
    owner: ListenerOwner,
  ): Promise<Listener> {
    const closing = new AbortController()
    const accept = async (link: Link, room: LinkRoom | undefined) => {
      try {
        const bad = await this.#between(link, 'there', closing.signal)
        if (closing.signal.aborted) bad.destroy()
        else owner.accepted(bad, room)
      } catch (error) {
        // That a connection could not be opened is known to who opened it.
        if (error instanceof SimError) owner.failed(error)
      }
    }
    const listener = await listen(address, {
      accepted: (link, room) => void accept(link, room),
      failed: (error) => owner.failed(error),
    })
    return {
      address: listener.address,
      close: () => {
        closing.abort()
        return listener.close()
      },
    }
  }

  /** The program's end of a connection that goes on over `link`. It was opened from here or from there. */
  #between(link: Link, from: 'here' | 'there', signal: CancelSignal | undefined): Promise<Link> {
    if (link.speaks !== undefined) {
      link.destroy()
      return Promise.reject(datagramsRefused())
    }
    const far = new BridgeEnd(link)
    const tunnel = new Tunnel(this.#time, this.#paths)
    const over = () => {
      tunnel.forget()
      this.#open.delete(cut)
    }
    const cut = () => {
      over()
      tunnel.cut()
      far.destroy()
    }
    this.#open.add(cut)
    return new Promise((resolve, reject) => {
      const late = this.#time.at(this.#time.now() + openTimeoutMs, () => {
        cut()
        reject(
          new MillraceError('connect-failed', `${link.describe()} did not answer in ${openTimeoutMs} ms`),
        )
      })
      const opened = tunnel.open(
        from,
        {
          own: (made) => {
            // Limits that count by address, and people, mean the real peer.
            const text = link.describe()
            resolve(Object.assign(made, { peerAddress: link.peerAddress, describe: () => text }))
          },
          peer: (made) => {
            late.cancel()
            BridgeEnd.join(new BridgeEnd(made), far, over)
          },
        },
        signal,
      )
      opened.catch((error) => {
        late.cancel()
        cut()
        reject(error)
      })
    })
  }
}
