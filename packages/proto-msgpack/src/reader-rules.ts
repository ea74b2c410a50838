import { extensionsByType, type MsgpackExtension } from './msgpack-extension.ts'
import { completeForms, type MsgpackForms } from './msgpack-forms.ts'
import { completeLimits, type MsgpackLimitOptions, type MsgpackLimits } from './msgpack-limits.ts'

/** How to read. */
export interface MsgpackReaderOptions extends MsgpackForms {
  /** Bounds that differ from `msgpackLimits`. */
  readonly limits?: MsgpackLimitOptions | undefined
  /** Application types; any other extension type is refused. */
  readonly extensions?: readonly MsgpackExtension[] | undefined
}

/** What a reader keeps to: its options, completed. */
export interface ReaderRules extends Required<MsgpackForms> {
  readonly limits: MsgpackLimits
  readonly extensions: ReadonlyMap<number, MsgpackExtension>
}

/** Completes the options of a reader. Throws `bad-option` for one out of range. */
export function readerRules(options: MsgpackReaderOptions): ReaderRules {
  const limits = completeLimits(options.limits)
  return { ...completeForms(options), limits, extensions: extensionsByType(options.extensions ?? []) }
}
