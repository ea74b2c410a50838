import { bits, contract, type Delivery, message, type Pipe, ProtoFactory, Udp } from 'millrace'
import { bytes, f64 } from 'millrace/schema'
import { openTimeoutMs } from './millrace-messages.ts'

/** What the workers of a steady stream are told, in the order of the native programs. */
export type StreamOptions = {
  readonly warmupMs: number
  readonly measureMs: number
  readonly delivery: Delivery
  readonly mtu: number
  /** The address of the side that binds. */
  readonly host: string
  /** Default: udp. */
  readonly transport?: 'tcp' | 'udp'
}

export type StreamMessages = { readonly moment: { sentAt: number; rest: Uint8Array } }

/** A pipe to `port`; its messages say when they were sent; port 0 to bind anywhere. */
export function streamPipe(
  port: number,
  { delivery, mtu, host, transport = 'udp' }: StreamOptions,
): Pipe<StreamMessages> {
  const messages = contract({ moment: message({ sentAt: f64, rest: bytes(64) }, { delivery }) })
  const factory = new ProtoFactory().add('stream', bits(messages))
  const pipe = factory.create(transport, host, port, 'stream', { handshakeTimeoutMs: openTimeoutMs })
  if (transport === 'udp') pipe.getProto().as(Udp).setPacketSizeMax(mtu)
  return pipe as unknown as Pipe<StreamMessages>
}

/** Milliseconds of the machine's clock, the same in all processes. */
export function machineMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
