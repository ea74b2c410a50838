import { randomBytes } from 'node:crypto'
import * as diagnosticsChannel from 'node:diagnostics_channel'
import { fastestPrimitives } from '@millrace/cipher-node'
import type { MillraceError, Platform, PlatformCrypto } from '@millrace/core'
import { nodeLoop } from './node-loop.ts'

export { nodeLoop }

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
