import { nodePrimitives } from '@millrace/cipher-node'
import type { EncryptionOptions, PendingChannel } from '@millrace/core'
import type { Random } from '../base/random.ts'
import type { SwarmPlan } from './plan.ts'

/** Who may come in: asks, and answers later. */
export interface LeaveOptions {
  /** Calls `run` in so many milliseconds, on the server. */
  readonly later: (ms: number, run: () => void) => void
  /** From now on, or no more, it is thought about whether this address may come in. */
  readonly waits: (address: string, what: 'begins' | 'ends') => void
}

/** How long the server thinks about a peer, in milliseconds. */
const thinksMs = [0, 0, 40, 200, 600]

/** The keys of the server, of the players, and of a stranger who has one of his own. */
export class Parties {
  readonly accepting: EncryptionOptions | undefined
  readonly opening: EncryptionOptions | undefined
  /** What a stranger opens with, where he can: the server must not let him in. */
  readonly strange: EncryptionOptions | undefined
  readonly #random: Random
  readonly #leave: LeaveOptions
  readonly #known: Uint8Array

  constructor({ encryption }: SwarmPlan, random: Random, leave: LeaveOptions) {
    this.#random = random
    this.#leave = leave
    const key = random.bytes(32)
    const identity = nodePrimitives.dh.pair(random.bytes(32))
    const server = nodePrimitives.dh.pair(random.bytes(32))
    const stranger = nodePrimitives.dh.pair(random.bytes(32))
    this.#known = identity.publicKey
    if (encryption === 'key') this.accepting = this.opening = { key }
    if (encryption !== 'XX' && encryption !== 'IK') return
    const authorise = (peerKey: Uint8Array, channel: PendingChannel) => this.#think(peerKey, channel)
    this.accepting = { pattern: encryption, identity: server, authorise }
    this.opening = { pattern: encryption, identity, peerKey: server.publicKey }
    this.strange = { pattern: encryption, identity: stranger, peerKey: server.publicKey }
  }

  #think(peerKey: Uint8Array, channel: PendingChannel): boolean | Promise<boolean> {
    const isKnown = peerKey.every((byte, at) => byte === this.#known[at])
    const ms = this.#random.pick(thinksMs)
    if (ms === 0) return isKnown
    const address = /:\/\/([\d.]+:\d+)/.exec(channel.describe())?.[1] ?? ''
    this.#leave.waits(address, 'begins')
    return new Promise((resolve) =>
      this.#leave.later(ms, () => {
        this.#leave.waits(address, 'ends')
        resolve(isKnown)
      }),
    )
  }
}
