import type { Congestion } from '../kernel-path.ts'
import { nativeProgram } from '../native.ts'
import type { PathConditions } from '../path-model.ts'
import type { Row } from '../scenario.ts'
import type { Program } from '../worker.ts'

/** How large a message of the bulk is, in bytes. */
export const bulkSize = 1024

/** ENet's own. */
export const enetMtu = 1392

/** A path takes longer to be measured than a processor: so many of the windows asked for. */
export const windows = 3

/** 50 ms there and back, 20 Mbit/s, and a queue for as much as is under way then. */
export function netPath(loss: number, queueBytes = 125_000): PathConditions {
  return { seed: 0x5eed_cafe, loss, delayMs: 25, bytesPerMs: 2500, queueBytes, packetSizeMax: 1472 }
}

/** How a row of this scenario is run, without the path between. */
export type NetRow = Pick<Row, 'name' | 'kind' | 'note'> & {
  readonly loss: number
  readonly listener: () => Program | Promise<Program>
  readonly dialer: () => Program | Promise<Program>
  readonly extra: Readonly<Record<string, string | number>>
  /** What is below. Default: udp. */
  readonly transport?: 'tcp' | 'udp'
  /** Of the kernel's tcp. */
  readonly congestion?: Congestion
}

/** Two programs that move reliable messages of `bulkSize` bytes, from the dialer to the listener. */
export type Bulk = {
  readonly listener: () => Program | Promise<Program>
  readonly dialer: () => Program | Promise<Program>
  /** In the order of the native programs, behind size and windows. */
  readonly extra: Readonly<Record<string, string | number>>
  readonly transport: 'tcp' | 'udp'
}

const node = (file: string) => (): Program => ({ kind: 'node', file })

const millrace = { listener: node('millrace-receiver.ts'), dialer: node('millrace-sender.ts') }

/** Millrace over udp. */
export const overUdp: Bulk = {
  ...millrace,
  extra: { protocol: 'bits', transport: 'udp', packetSizeMax: 1472, stride: 8 },
  transport: 'udp',
}

/** Millrace over tcp, which may be so slow that each message counts, and that what waits to be sent takes long. */
export const overTcp: Bulk = {
  ...millrace,
  extra: { protocol: 'bits', transport: 'tcp', stride: 8, highWaterBytes: 65_536 },
  transport: 'tcp',
}

/** ENet. */
export const overEnet: Bulk = {
  listener: () => nativeProgram('enet-receiver.c'),
  dialer: () => nativeProgram('enet-sender.c'),
  extra: { delivery: 'reliable', mtu: enetMtu },
  transport: 'udp',
}
