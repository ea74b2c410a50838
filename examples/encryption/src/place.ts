/** Where two processes meet, the back ends that may do the cryptography there, and the pipe that leads to it. */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { noblePrimitives } from '@millrace/cipher'
import { nodePrimitives } from '@millrace/cipher-node'
import { noiseLoader } from '@millrace/core/noise'
import { type Pipe, type PipeOptions, ProtoFactory } from 'millrace'
import { nodePlatform } from 'millrace/extend'
import { type Messages, messages, sizeMax } from './contract.ts'

export const transports = ['tcp', 'ipc'] as const
export type TransportName = (typeof transports)[number]

/** An address that a process can be told: for `tcp` a port of this machine, for `ipc` a path. */
export type Place =
  | { readonly transport: 'tcp'; readonly port: number }
  | { readonly transport: 'ipc'; readonly path: string }

/** Both implementations of the cryptographic primitives: OpenSSL by `node:crypto`, and `@noble/*` in plain JavaScript. */
export const primitives = { node: nodePrimitives, noble: noblePrimitives } as const
export type BackEnd = keyof typeof primitives

/** A factory of pipes that encrypt by this back end: they get their cryptography from the platform. */
function factoryWith(backEnd: BackEnd) {
  const { random } = nodePlatform
  const encryption = noiseLoader({ primitives: primitives[backEnd], random })
  const platform = { ...nodePlatform, encryption }
  return new ProtoFactory({ platform }).add('encryption', messages)
}

const factories = { node: factoryWith('node'), noble: factoryWith('noble') }

/** What the processes are told of a pipe: how it encrypts (without `encryption`: not at all), and how long it waits for a handshake. */
export type Settings = Pick<PipeOptions, 'encryption' | 'handshakeTimeoutMs'>

/** A pipe that is neither bound nor opened yet. */
export function pipeTo(place: Place, backEnd: BackEnd, settings: Settings): Pipe<Messages> {
  // A body of the largest size is a little more than the default limit of 1 MiB.
  const options = { messageSizeMax: sizeMax + 64, ...settings }
  const factory = factories[backEnd]
  return place.transport === 'tcp'
    ? factory.create('tcp', '127.0.0.1', place.port, 'encryption', options)
    : factory.create('ipc', place.path, 'encryption', options)
}

let count = 0

/** A free place: port 0, for which the system chooses one, or a path of its own. */
export function freePlace(transport: TransportName): Place {
  if (transport === 'tcp') return { transport, port: 0 }
  const folder = process.platform === 'win32' ? '\\\\.\\pipe\\' : tmpdir()
  return { transport, path: join(folder, `encryption-${process.pid}-${count++}`) }
}

/** The same place, with the port that the system chose. */
export function boundPlace(place: Place, pipe: Pipe<Messages>): Place {
  return place.transport === 'tcp' ? { ...place, port: pipe.address?.port ?? 0 } : place
}
