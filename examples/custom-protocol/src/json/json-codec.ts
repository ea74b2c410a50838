import { MillraceError, type Protocol } from 'millrace'
import { type ByteSource, type Codec, type FrameTarget, framed, KeyTable, undecodable } from 'millrace/extend'
import { type JsonLimits, jsonFault, jsonLimits } from './json-fault.ts'

/** Any key, any body that JSON can hold, on Millrace's frames, hello and heartbeat. */
export function json<Messages extends object>(limits: Partial<JsonLimits> = {}): Protocol<Messages> {
  return framed(new JsonCodec<Messages>({ ...jsonLimits, ...limits }))
}

const encoder = new TextEncoder()

/**
 * Bodies as JSON in UTF-8. A body that is left out (`undefined`) takes no bytes. Writing is strict: what JSON would drop or
 * change without a word (NaN, functions, `undefined` in an array, class instances) is an error.
 */
export class JsonCodec<Messages extends object> implements Codec<Messages> {
  readonly name = 'json'
  readonly keys = KeyTable.open()
  readonly #limits: JsonLimits
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  /** What `sizeBound` made of the body that `encode` is about to write: JSON is measured by writing it. */
  #text: Uint8Array = new Uint8Array(0)
  #error = ''

  constructor(limits: JsonLimits) {
    this.#limits = limits
  }

  sizeBound(_number: number, body: unknown): number {
    this.#text = encoder.encode(body === undefined ? '' : JSON.stringify(strict(body, this.#limits)))
    return this.#text.length
  }

  /** Texts have all sizes. */
  fixedSize(): number {
    return -1
  }

  encode(_number: number, _body: unknown, target: FrameTarget, start: number): number {
    target.bytes.set(this.#text, start)
    return start + this.#text.length
  }

  decode(number: number, { bytes }: ByteSource, start: number, end: number): unknown {
    if (start === end) return undefined
    try {
      const body: unknown = JSON.parse(this.#decoder.decode(bytes.subarray(start, end)))
      const fault = jsonFault(body, this.#limits)
      if (fault === undefined) return body
      this.#error = `message '${this.keys.name(number)}' cannot be read: ${fault}`
    } catch {
      this.#error = `message '${this.keys.name(number)}' cannot be read: it is no JSON in UTF-8`
    }
    return undecodable
  }

  decodeError(): string {
    return this.#error
  }

  replyNumber(number: number): number {
    return number
  }
}

/** The body itself, if JSON gives it back as it is. */
function strict(body: unknown, limits: JsonLimits): unknown {
  const fault = jsonFault(body, limits)
  if (fault === undefined) return body
  throw new MillraceError('argument-invalid', `json cannot hold this body: ${fault}`)
}
