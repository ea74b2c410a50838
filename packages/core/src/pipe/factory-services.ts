import type { BlockPool } from '@millrace/buffer'
import type { PipeLimits } from '../base/options.ts'
import type { OpenLocal } from '../local/local-opening.ts'
import type { Topics } from '../ports/diagnostics.ts'
import type { PipeEncryption } from '../ports/encryption.ts'
import type { Loop } from '../ports/loop.ts'
import type { Platform } from '../ports/platform.ts'
import type { Protocol } from '../ports/protocol.ts'
import type { Address, TransportPlugin } from '../ports/transport.ts'
import type { LoopWheel } from '../turn/loop-wheel.ts'
import type { ByteAccounts } from './byte-accounts.ts'
import type { ChannelRegistry } from './channel-registry.ts'
import type { PipeOptions } from './pipe-options.ts'

/** Where a pipe leads, and what it speaks. */
export interface PipeTarget {
  readonly transportName: string
  readonly plugin: TransportPlugin
  readonly address: Address
  readonly protocolName: string
  readonly protocol: Protocol
}

/** What the factory lends to its pipes. */
export interface FactoryServices {
  /** The memory of all pipes. */
  readonly pool: BlockPool
  /** The bytes of all channels; undefined where none are accepted. */
  readonly accounts: ByteAccounts | undefined
  /** What all pipes run on. */
  readonly platform: Platform
  /** The topics of the platform. */
  readonly topics: Topics
  /** The limits that the options say; pipes of equal limits share one object. */
  limits(options: PipeOptions): PipeLimits
  /** The deadlines of all pipes of this loop. */
  wheel(loop: Loop): LoopWheel
  /** Reads the arguments of `bind`. Throws for what makes no target. */
  target(values: readonly unknown[]): PipeTarget
  /** What opens local channels, once a transport that brings the code for them was added. */
  localOpener(): OpenLocal | undefined
  /** The pipe of this process that is bound where `wanted` leads. */
  boundAt(wanted: PipeTarget): BoundPipe | undefined
  /** The pipe `owner` is bound there from now on, or (`undefined`) nowhere. */
  setBound(owner: object, bound: BoundPipe | undefined): void
}

/** A bound pipe, as others of its process find it. */
export interface BoundPipe {
  readonly address: Address
  readonly target: PipeTarget
  readonly registry: ChannelRegistry
  readonly encryption: PipeEncryption | undefined
}
