import { BlockPool } from '@millrace/buffer'
import { type AnyMessages, local, ProtoFactory, type ProtoFactoryOptions } from '@millrace/core'
import { msgpack } from '@millrace/proto-msgpack'
import { simulatedIpc, simulatedTcp } from '../sockets/tcp.ts'
import type { Program } from './program.ts'

/** The transports of a simulated host. */
export interface SimTransports {
  readonly tcp: ReturnType<typeof simulatedTcp>
  readonly ipc: ReturnType<typeof simulatedIpc>
  readonly local: ReturnType<typeof local>
}

/** The protocols that a simulated host knows from the start. */
export interface SimProtocols {
  readonly msgpack: AnyMessages
}

/** What all pipes of a simulated factory share: as of any other, but for the platform. */
export type SimFactoryOptions = Omit<ProtoFactoryOptions, 'platform'>

/** A factory whose pipes run on a program's loop and network. Its pool is seen to be empty in the end. */
export function simulatedFactory(
  program: Program,
  checks: 'off' | 'on',
  { pool = new BlockPool({ checks }), ...options }: SimFactoryOptions,
): ProtoFactory<SimProtocols, SimTransports> {
  program.pools.push(pool)
  return new ProtoFactory({ ...options, platform: program.platform, pool })
    .add('tcp', simulatedTcp(program.tcp))
    .add('ipc', simulatedIpc(program.tcp))
    .add('local', local())
    .add('msgpack', msgpack())
}
