import { appCodeMax, type Goodbye } from '@millrace/wire'
import { MillraceError } from './millrace-error.ts'

/**
 * What a program tells the peer at the end of a channel: a text for people, at most 255 bytes, or also a number of its own from 1 to
 * 65,535, which the peer's program can switch over: `{ code: 4001, text: 'banned' }`.
 */
export type CloseWords = string | { readonly code?: number | undefined; readonly text?: string | undefined }

/** Completes what a program says. Throws `argument-invalid` for a code or a text that is none. */
export function parseCloseWords(words: CloseWords | undefined): Pick<Goodbye, 'appCode' | 'text'> {
  const { code = 0, text = '' } = typeof words === 'string' ? { text: words } : (words ?? {})
  if (words !== undefined && typeof words !== 'string' && typeof words !== 'object') {
    const what = `a close takes a text or { code, text }; got ${typeof words}`
    throw new MillraceError('argument-invalid', what)
  }
  if (!Number.isInteger(code) || code < 0 || code > appCodeMax) {
    const what = `a code is a whole number from 1 to ${appCodeMax}, or 0 for none; got ${String(code)}`
    throw new MillraceError('argument-invalid', what)
  }
  if (typeof text !== 'string') {
    throw new MillraceError('argument-invalid', `the text of a close is a string; got ${typeof text}`)
  }
  return { appCode: code, text }
}
