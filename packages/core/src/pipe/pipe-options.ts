import type { ChannelEncryption } from '../base/channel-encryption.ts'
import type { CloseWords } from '../base/close-words.ts'
import type { EncryptionOptions } from '../base/encryption-options.ts'
import type { LogOptions } from '../base/log.ts'
import { MillraceError } from '../base/millrace-error.ts'
import {
  type HeartbeatOptions,
  type OverflowPolicy,
  type PipeLimitOptions,
  parseHeartbeat,
  parseOverflow,
  type RatePolicy,
} from '../base/options.ts'
import type { Drive } from '../ports/driver.ts'
import type { Encryption, EncryptionLoader, PipeEncryption } from '../ports/encryption.ts'
import type { Loop } from '../ports/loop.ts'
import type { Platform } from '../ports/platform.ts'

/** What a program says of a channel that is asked for: `true` admits it; `false`, or words for the peer, refuse it. */
export type Admission = boolean | CloseWords

/**
 * Says whether a channel may open. `data` is what the opener said about itself (`open({ data })`), empty if nothing, and this function's
 * own copy; `peerAddress` is where the link comes from, if the transport tells; `encryption` is what `channel.encryption` will be: the peer's proven key, or who
 * came with a token.
 */
export type Admit = (
  data: Uint8Array,
  peerAddress: string | undefined,
  encryption: ChannelEncryption | undefined,
) => Admission | Promise<Admission>

/** How a pipe works. All optional. */
export interface PipeOptions extends PipeLimitOptions, LogOptions {
  /** Who gives turns: the library at the end of each I/O event (`auto`), the program by `pipe.process()` (`manual`), or a driver. Default `auto`. */
  readonly drive?: Drive | undefined
  /** What its channels do at the high-water mark. Default `wait`. */
  readonly overflow?: OverflowPolicy | undefined
  /** What its channels do when a peer sends more messages than their `rate` in the contract, or than `messageRate`, allows. All but `drop` needs a platform with `accepting`. Default `drop`. */
  readonly overRate?: RatePolicy | undefined
  /** The loop to run on instead of the platform's. */
  readonly loop?: Loop | undefined
  /** Encrypts every channel from its first byte on. Both sides say the same. Default: no encryption. */
  readonly encryption?: EncryptionOptions | Encryption | undefined
  /**
   * The heartbeat of its channels, as `channel.setHeartbeat` would set it when they open; `false`: none. It is for channels over a network:
   * local channels have none, nor has a protocol without pings. Default: 5 and 15 seconds.
   */
  readonly heartbeat?: false | HeartbeatOptions | undefined
  /**
   * Asked for every channel that this pipe is to accept, when the hellos fit and before there is a channel. What throws or rejects refuses,
   * and is told to the event `error`. A promise that takes longer than `handshakeTimeoutMs` is too late. Default: all are admitted.
   */
  readonly admit?: Admit | undefined
  /** A name for logs. */
  readonly name?: string | undefined
}

/** Checks the options of a pipe, but its limits. Throws `argument-invalid`. */
export function checkOptions(options: PipeOptions): void {
  parseHeartbeat(options.heartbeat)
  if (options.overflow !== undefined) parseOverflow(options.overflow)
  if (options.drive !== undefined) checkDrive(options.drive)
  if (options.admit === undefined || typeof options.admit === 'function') return
  throw new MillraceError('argument-invalid', `admit is a function; got ${typeof options.admit}`)
}

/** How a pipe encrypts, if it does. Throws `argument-invalid` for options that neither role can keep, and `unsupported` without code. */
export function encryptionOf({ encryption }: PipeOptions, platform: Platform): PipeEncryption | undefined {
  if (encryption === undefined) return undefined
  const { options, loader } = loadable(encryption, platform)
  return loader.forPipe(options)
}

/** Options with keys of their own: what the program does with its arrays afterwards changes nothing. Throws what `encryptionOf` throws. */
export function withOwnKeys(options: PipeOptions, platform: Platform): PipeOptions {
  if (options.encryption === undefined) return options
  const { options: given, loader } = loadable(options.encryption, platform)
  return { ...options, encryption: loader.own(given) }
}

function loadable(
  encryption: EncryptionOptions | Encryption,
  platform: Platform,
): { readonly options: EncryptionOptions; readonly loader: EncryptionLoader } {
  if (isValue(encryption)) return encryption
  if (platform.encryption !== undefined) return { options: encryption, loader: platform.encryption }
  const text = 'this platform brings no code that encrypts: noise(options) of @millrace/core/noise does'
  throw new MillraceError('unsupported', text)
}

function isValue(encryption: EncryptionOptions | Encryption): encryption is Encryption {
  return (encryption as Encryption | null)?.kind === 'encryption'
}

function checkDrive(drive: Drive): void {
  if (drive === 'auto' || drive === 'manual' || typeof drive?.ready === 'function') return
  const text = `drive is 'auto', 'manual', or a driver with ready(); got ${JSON.stringify(drive)}`
  throw new MillraceError('argument-invalid', text)
}
