import {
  type AnyMessages,
  ProtoFactory as CoreFactory,
  local,
  type Platform,
  type Protocol,
  type ProtoFactoryOptions,
  type TransportPlugin,
} from '@millrace/core'
import { msgpack } from '@millrace/proto-msgpack'
import { ipc } from '@millrace/transports/ipc'
import { nodePlatform } from '@millrace/transports/node-platform'
import { tcp } from '@millrace/transports/tcp'
import { udp } from '@millrace/transports/udp'

/** The protocols that every factory of this package knows from the start. */
export interface StandardProtocols {
  readonly msgpack: AnyMessages
}

/** The transports that every factory of this package knows from the start. */
export interface StandardTransports {
  readonly tcp: ReturnType<typeof tcp>
  readonly udp: ReturnType<typeof udp>
  readonly ipc: ReturnType<typeof ipc>
  readonly local: ReturnType<typeof local>
}

/** What all pipes of a factory of this package share. All optional. */
export type StandardFactoryOptions = Omit<ProtoFactoryOptions, 'platform'> & {
  /** What all pipes run on. Default: Node, `nodePlatform`. */
  readonly platform?: Platform | undefined
}

/**
 * The proto factory with what comes in the box: the transports `tcp`, `udp`, `ipc` and `local`, and the protocol `msgpack`. Two
 * factories know nothing of each other.
 */
export class ProtoFactory<
  Protocols extends object = StandardProtocols,
  Transports extends object = StandardTransports,
> extends CoreFactory<Protocols, Transports> {
  /** Runs on Node, unless `platform` says otherwise. */
  constructor({ platform = nodePlatform, ...options }: StandardFactoryOptions = {}) {
    super({ platform, ...options })
    super.add('tcp', tcp())
    super.add('udp', udp())
    super.add('ipc', ipc())
    super.add('local', local())
    super.add('msgpack', msgpack())
  }

  /**
   * Registers a protocol under a name: `add('game', bits(game))`. The same once more changes nothing, as when a module is evaluated twice: the first one
   * stays. Throws `name-taken` if there is another of that name.
   */
  override add<Name extends string, Messages extends object>(
    name: Name,
    protocol: Protocol<Messages>,
  ): ProtoFactory<Protocols & Record<Name, Messages>, Transports>
  /** Registers a transport under a name: `add('tcp', tcp())`. */
  override add<Name extends string, Plugin extends TransportPlugin>(
    name: Name,
    transport: Plugin,
  ): ProtoFactory<Protocols, Transports & Record<Name, Plugin>>
  override add(name: string, plugin: Protocol & TransportPlugin): unknown {
    return super.add(name, plugin)
  }
}

/** The default proto factory of this process. */
export const protoFactory = new ProtoFactory()
