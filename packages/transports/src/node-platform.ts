import { randomBytes } from 'node:crypto'
import * as diagnosticsChannel from 'node:diagnostics_channel'
import { fastestPrimitives } from '@millrace/cipher-node'
import type { Loop, MillraceError, Platform, PlatformCrypto } from '@millrace/core'

/** The longest time that Node's timers can wait, in milliseconds. A pipe that is woken early asks again. */
const waitMax = 2 ** 31 - 1

/**
 * Node's event loop. Its timers don't keep a process alive: sockets do. The end of a turn is a `nextTick`, the next turn
 * an immediate.
 */
export const nodeLoop: Loop = {
  now: () => performance.now(),
  wakeAt(atMs, wake) {
    const timer = setTimeout(wake, Math.min(Math.max(atMs - performance.now(), 0), waitMax))
    timer.unref()
    return { cancel: () => clearTimeout(timer) }
  },
  endOfTurn: (run) => process.nextTick(run),
  nextTurn: (run) => void setImmediate(run),
}

/** What Node lends to pipes: its loop, its cryptography, its diagnostics channels, and warnings for errors that nobody listens for. */
export const nodePlatform: Platform & { readonly crypto: PlatformCrypto } = {
  loop: nodeLoop,
  // Never `Buffer.allocUnsafe`: it hands out pieces of memory that others share.
  allocate: (size) => Buffer.allocUnsafeSlow(size),
  crypto: { primitives: fastestPrimitives, random: (size) => randomBytes(size) },
  diagnostics: diagnosticsChannel,
  warn(error: MillraceError) {
    const detail = error.cause instanceof Error ? (error.cause.stack ?? '') : ''
    process.emitWarning(error.message, { type: 'MillraceError', code: error.code, detail })
  },
}
