import { MillraceError } from 'millrace'

/** The two encodings of replies. A client begins with 2 and may change to 3 by `HELLO 3`. */
export type RespVersion = 2 | 3

/**
 * What a reply may be made of. A text or bytes travel as a bulk string, a whole number or bigint as an integer, null as
 * null. Doubles, booleans, maps and sets have an encoding of their own in version 3, and the nearest one in version 2.
 */
export type RespValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | RespStatus
  | RespError
  | readonly RespValue[]
  | ReadonlyMap<RespValue, RespValue>
  | ReadonlySet<RespValue>

/** A short text such as `OK`: a simple string. */
export class RespStatus {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }

  toString(): string {
    return this.text
  }
}

/** An error as a value, which may stand inside an array. Its text begins with a code: `WRONGTYPE …`. */
export class RespError {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }

  toString(): string {
    return this.text
  }
}

/** The reply `OK`. */
export const ok = new RespStatus('OK')

/** What a handler returns when the command has no reply of its own, because pushes have answered it. */
export const noReply: unique symbol = Symbol('no reply')

/** What a handler returns. */
export type RespReply = RespValue | typeof noReply

/** A command: its name in capitals, and its arguments as the bytes they are. */
export interface RespCommand {
  readonly name: string
  readonly args: readonly Uint8Array[]
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Makes a command for a client to send: `command('SET', 'key', bytes)`. */
export function command(name: string, ...args: readonly (string | number | Uint8Array)[]): RespCommand {
  return { name, args: args.map((value) => (value instanceof Uint8Array ? value : bytesOf(String(value)))) }
}

/** The bytes of a text. */
export function bytesOf(text: string): Uint8Array {
  return encoder.encode(text)
}

/** Bytes as a text. What is no UTF-8 is replaced. */
export function textOf(bytes: Uint8Array): string {
  return decoder.decode(bytes)
}

/** The deepest nesting of a value that is written. */
export const valueDepthMax = 32

/** Throws `argument-invalid` for what is no reply, before a byte of it is written. */
export function checkValue(value: unknown, depth = 0): asserts value is RespValue {
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'bigint':
    case 'boolean':
      return
    case 'object':
      if (value === null || value instanceof Uint8Array) return
      if (value instanceof RespStatus || value instanceof RespError) return
      break
  }
  if (depth >= valueDepthMax) throw badValue(`it is nested deeper than ${valueDepthMax}`)
  if (value instanceof Map) {
    for (const [key, item] of value) {
      checkValue(key, depth + 1)
      checkValue(item, depth + 1)
    }
  } else if (Array.isArray(value) || value instanceof Set) {
    for (const item of value) checkValue(item, depth + 1)
  } else {
    throw badValue(`it holds ${typeof value === 'object' ? 'an object of another kind' : typeof value}`)
  }
}

function badValue(what: string): MillraceError {
  const text = `no RESP value: ${what}; texts, bytes, numbers, null, arrays, maps and sets are`
  return new MillraceError('argument-invalid', text)
}
