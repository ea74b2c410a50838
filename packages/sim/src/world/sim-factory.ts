import { BlockPool } from '@millrace/buffer'
import { type AnyMessages, local, ProtoFactory, type ProtoFactoryOptions } from '@millrace/core'
import { msgpack } from '@millrace/proto-msgpack'
import { udp } from '@millrace/transports/udp'
import { UdpSocket } from '@millrace/transports/udp-socket'
import { simulatedIpc, simulatedTcp } from '../sockets/tcp.ts'
import type { Program } from './program.ts'

/** The transports of a simulated host. */
export interface SimTransports {
  readonly tcp: ReturnType<typeof simulatedTcp>
  readonly udp: ReturnType<typeof udp>
  readonly ipc: ReturnType<typeof simulatedIpc>
  readonly local: ReturnType<typeof local>
}

/** The protocols that a simulated host knows from the start. */
export interface SimProtocols {
  readonly msgpack: AnyMessages
}

/** What all pipes of a simulated factory share: as of any other, but for the platform. */
export type SimFactoryOptions = Omit<ProtoFactoryOptions, 'platform'>

/** A factory with pipes that run on a program's loop and network. Its pool is seen to be empty in the end. */
export function simulatedFactory(
  program: Program,
  checks: 'off' | 'on',
  { pool = new BlockPool({ checks }), ...options }: SimFactoryOptions,
): ProtoFactory<SimProtocols, SimTransports> {
  program.pools.push(pool)
  return new ProtoFactory({ ...options, platform: program.platform, pool })
    .add('tcp', simulatedTcp(program.tcp))
    .add('udp', simulatedUdp(program, checks))
    .add('ipc', simulatedIpc(program.tcp))
    .add('local', local())
    .add('msgpack', msgpack())
}

/** The transport `udp` itself, over other datagrams. Its code is there: to load it takes time that no world knows of. */
export function simulatedUdp(program: Program, checks: 'off' | 'on'): SimTransports['udp'] {
  const pool = new BlockPool({ checks })
  program.pools.push(pool)
  return udp({ network: program.packets, socket: UdpSocket, pool })
}
