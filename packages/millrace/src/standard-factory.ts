import { type AnyMessages, ProtoFactory as CoreFactory, type ProtoFactoryOptions } from '@millrace/core'
import { msgpack } from '@millrace/proto-msgpack'
import { ipc } from '@millrace/transports/ipc'
import { local } from '@millrace/transports/local'
import { tcp } from '@millrace/transports/tcp'

/** What every factory of this package knows from the start. */
export interface StandardProtocols {
  readonly msgpack: AnyMessages
}

/**
 * The proto factory with what comes in the box: the transports `tcp`, `ipc` and `local`, and the protocol `msgpack`. Two
 * factories know nothing of each other.
 */
export class ProtoFactory extends CoreFactory<StandardProtocols> {
  constructor(options: ProtoFactoryOptions = {}) {
    super(options)
    this.add('tcp', tcp()).add('ipc', ipc()).add('local', local()).add('msgpack', msgpack())
  }
}

/** The default proto factory of this process. */
export const protoFactory = new ProtoFactory()
