/** As much of the standard `TextDecoder` as is used here. Node, browsers, Deno and Bun have it; a pure package has no platform's types. */
interface NativeDecoder {
  decode(bytes: Uint8Array): string
}

declare const TextDecoder:
  | (new (
      label: 'utf-8',
      options: { readonly fatal: true; readonly ignoreBOM: true },
    ) => NativeDecoder)
  | undefined

/** From so many bytes on the platform's reader is the faster one: a call of it takes as long as to read some 50 bytes (Node 24). */
export const NATIVE_SIZE_MIN = 65

let decoder: NativeDecoder | undefined

/**
 * The text of `bytes[start, end)` by the platform's reader. Undefined where there is none, and for what it refuses, which may be more than what is
 * no UTF-8 (browsers: shared memory; some replacements: the options): a reader of our own has the last word.
 */
export function readNatively(bytes: Uint8Array, start: number, end: number): string | undefined {
  if (typeof TextDecoder === 'undefined') return undefined
  try {
    decoder ??= new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
    return decoder.decode(bytes.subarray(start, end))
  } catch {
    return undefined
  }
}
