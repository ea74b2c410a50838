import { randomBytes } from 'node:crypto'
import * as diagnosticsChannel from 'node:diagnostics_channel'
import { accepting, type MillraceError, type Platform } from '@millrace/core'
import { nodeEncryption } from './node-encryption.ts'
import { nodeLoop } from './node-loop.ts'

export { nodeLoop }

/** What Node lends to a factory: its loop, its cryptography, its diagnostics channels, and warnings for errors without a handler. */
export const nodePlatform: Platform = {
  loop: nodeLoop,
  // Never `Buffer.allocUnsafe`: it hands out pieces of memory that others share.
  allocate: (size) => Buffer.allocUnsafeSlow(size),
  random: (size) => randomBytes(size),
  wallMs: () => Date.now(),
  encryption: nodeEncryption,
  accepting,
  diagnostics: diagnosticsChannel,
  warn(error: MillraceError) {
    const detail = error.cause instanceof Error ? (error.cause.stack ?? '') : ''
    process.emitWarning(error.message, { type: 'MillraceError', code: error.code, detail })
  },
}
