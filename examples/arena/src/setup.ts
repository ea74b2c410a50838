/** What `main.ts` tells the other processes about the game, and the pipe that each of them needs for it. */
import type { Preset } from '@millrace/sim'
import { type Pipe, type PipeOptions, protoFactory, Udp } from 'millrace'
import { type Arena, arena } from './contract.ts'

export const transports = ['tcp', 'udp'] as const

export interface Setup {
  readonly transport: (typeof transports)[number]
  /** What lies between the players and the server; `none`: nothing. */
  readonly net: Preset
  /** Of all dice. */
  readonly seed: number
  readonly bots: number
  /** Where the players find the server, or what lies before it; 0 for the server itself: the system chooses. */
  readonly port: number
}

/** What Ethernet carries of one datagram, in bytes. */
const ethernetPacketSize = 1472

/** On a machine that has too much to do, players still come in. */
const handshakeTimeoutMs = 10_000

const factory = protoFactory.add('arena', arena)

/** Reads what `main.ts` has written into the command line. */
export function readSetup(): Setup {
  return JSON.parse(process.argv[2])
}

/** The pipe to bind, or to open channels of. */
export function pipeOf({ transport, net, port }: Setup, options: PipeOptions = {}): Pipe<Arena> {
  const pipe = factory.create(transport, '127.0.0.1', port, 'arena', { handshakeTimeoutMs, ...options })
  // The packets of this machine to itself may be larger than those of the network that is played.
  if (transport === 'udp' && net !== 'none') pipe.getProto().as(Udp).setPacketSizeMax(ethernetPacketSize)
  return pipe
}
