import {
  bits,
  contract,
  type Delivery,
  type Infer,
  message,
  type Pipe,
  ProtoFactory,
  struct,
  u32,
} from 'millrace'
import { fixedArray } from 'millrace/schema'
import { playerState, type State, state, step } from '../game-state.ts'
import type { WindowOptions } from '../window.ts'
import { pipeOptions } from './millrace-messages.ts'
import type { Protection } from './protection.ts'

/** What the workers of the scenario `datagrams` are told. */
export type SnapshotOptions = WindowOptions & {
  readonly count: number
  readonly delivery: Delivery
  readonly protection: Exclude<Protection, `tls ${string}`>
}

/** How often each channel is sent a snapshot, in milliseconds: 20 Hz. */
const tickMs = 50

/** The size of a snapshot, in bytes. */
export const snapshotSize = 200

const snapshot = struct({ tick: u32, input: u32, players: fixedArray(state, 3) })

/** What a client sees of its world: 200 bytes. */
export type Snapshot = Infer<typeof snapshot>

export type Snapshots = { readonly snapshot: Snapshot }

/** A pipe over udp to `port` of this machine; its server sends snapshots; port 0 to bind anywhere. */
export function snapshotPipe(port: number, { delivery, protection }: SnapshotOptions): Pipe<Snapshots> {
  const messages = contract({ snapshot: message(snapshot, { delivery }) })
  const factory = new ProtoFactory().add('snapshots', bits(messages))
  const pipe = factory.create('udp', '127.0.0.1', port, 'snapshots', pipeOptions(protection))
  return pipe as unknown as Pipe<Snapshots>
}

/** Makes the snapshots of one client after the other. */
export function snapshotMaker(): () => Snapshot {
  const players: State[] = [playerState(1), playerState(2), playerState(3)]
  const made = { tick: 0, input: 0, players }
  return () => {
    made.tick = (made.tick + 1) >>> 0
    for (const player of players) step(player)
    return made
  }
}

/** Calls `tick` 20 times a second until it says that it is done; late ones are made up for. */
export function everyTick(tick: () => 'again' | 'done'): void {
  let at = performance.now()
  const next = () => {
    if (tick() === 'done') return
    at += tickMs
    setTimeout(next, Math.max(0, at - performance.now()))
  }
  next()
}
