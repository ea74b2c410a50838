/** Where sender and receiver meet, and the pipe that leads there. */
import { type Pipe, protoFactory } from 'millrace'
import { sizeMax, type Throughput, throughputBits, throughputMsgpack } from './contract.ts'

export const transports = ['tcp', 'udp', 'ipc', 'local'] as const
export const protocols = ['bits', 'msgpack'] as const

export interface Place {
  readonly transport: (typeof transports)[number]
  readonly protocol: (typeof protocols)[number]
  /** For `tcp` and `udp`; 0 lets the system choose. */
  readonly port: number
  /** For `ipc` a path, for `local` any name. */
  readonly path: string
}

const factory = protoFactory
  .add('throughput-bits', throughputBits)
  .add('throughput-msgpack', throughputMsgpack)

// A body of the largest size, with its names and size prefixes, is a little more than the default limit of 1 MiB.
const options = { messageSizeMax: sizeMax + 64 }

export function pipeTo({ transport, protocol, port, path }: Place): Pipe<Throughput> {
  return transport === 'tcp' || transport === 'udp'
    ? factory.create(transport, '127.0.0.1', port, `throughput-${protocol}`, options)
    : factory.create(transport, path, `throughput-${protocol}`, options)
}

/** The same place, with the port that the system chose. */
export function boundPlace(place: Place, pipe: Pipe<Throughput>): Place {
  return place.transport === 'tcp' || place.transport === 'udp'
    ? { ...place, port: Number(new URL(String(pipe.address?.text)).port) }
    : place
}
