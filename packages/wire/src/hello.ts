import { type FrameTarget, finishFrame, frameCode, headerSizeMax } from './frame.ts'
import { hex64, writeHex64 } from './hex64.ts'
import { readText, writeText, writtenTextSize } from './short-text.ts'
import { readVarint, varintSizeOf } from './varint.ts'

/** The version of the bytes between two Millrace processes. A change that an older peer can't read raises it. */
export const wireVersion = 2

/** The largest body of a hello, in bytes, and of anything else that comes before the hello was accepted. */
export const helloSizeMax = 4096

/** The least that a side may accept, in bytes of a message's body: every peer takes control frames of that size. */
export const messageSizeFloor = 4096

/** The most bytes that an opener can say about itself. */
export const openDataSizeMax = 1024

/** The most bytes of a ticket. */
export const ticketSizeMax = 64

/** The size of the random bytes of a hello. */
export const nonceSize = 8

const magic = 0x43524c4d // "MLRC" in the order of the bytes
const codecAt = 31

/** What each side says first (docs/WIRE.md, section 3). */
export interface Hello {
  /** The side that speaks. */
  readonly role: 'accepted' | 'opened'
  /** 8 random bytes: a hello that comes back is no peer's. All zero: none. */
  readonly nonce: Uint8Array
  /** The largest message body that this side accepts, in bytes; at least `messageSizeFloor`. */
  readonly messageSizeMax: number
  /** The kind of codec that reads and writes the messages: `bits`, `msgpack`, or a name of the user's. At most 255 bytes. */
  readonly codec: string
  /** The contract's version, as its owner counts them; 0 when it doesn't. */
  readonly contractVersion: number
  /** 64 bits over all that must be equal on both sides, as 16 hexadecimal digits. Zeros: nothing to compare. */
  readonly fingerprint: string
  /** What the opener says about itself, at most 1,024 bytes. Read in place: it changes with the memory that it was read from. */
  readonly data: Uint8Array
}

/** Why bytes are no hello that this side could go on with. */
export type HelloViolation = 'not-millrace' | 'wire-version' | 'malformed-hello' | 'message-size'

/** The room that a hello needs at most, header included. */
export const helloRoom = headerSizeMax + codecAt + 256 + 1 + ticketSizeMax + 2 + openDataSizeMax

/** Writes a hello at `start` and returns its end. `data` has at most 1,024 bytes. */
export function writeHello(target: FrameTarget, start: number, hello: Hello): number {
  const { bytes, view } = target
  const bodyStart = start + headerSizeMax
  view.setUint32(bodyStart, magic, true)
  bytes[bodyStart + 4] = wireVersion
  bytes[bodyStart + 5] = hello.role === 'opened' ? 1 : 0
  bytes.set(hello.nonce, bodyStart + 6)
  view.setUint32(bodyStart + 14, hello.messageSizeMax, true)
  view.setUint32(bodyStart + 18, hello.contractVersion, true)
  writeHex64(view, bodyStart + 22, hello.fingerprint)
  // Features: none yet.
  bytes[bodyStart + 30] = 0
  let at = writeText(target, bodyStart + codecAt, hello.codec)
  // The ticket of a channel to resume: none yet.
  bytes[at] = 0
  view.setUint16(at + 1, hello.data.length, true)
  bytes.set(hello.data, at + 3)
  at += 3 + hello.data.length
  return finishFrame(target, start, frameCode.hello, bodyStart, at)
}

/** Reads the body of a hello. Bytes after the known fields are left alone: a later version may use them. */
export function readHello(view: DataView, start: number, end: number): Hello | HelloViolation {
  if (end - start < 5 || view.getUint32(start, true) !== magic) return 'not-millrace'
  if (view.getUint8(start + 4) !== wireVersion) return 'wire-version'
  if (end - start < codecAt + 1) return 'malformed-hello'
  const role = view.getUint8(start + 5)
  const codec = readText(view, start + codecAt, end)
  if (role > 1 || codec === undefined) return 'malformed-hello'
  const messageSizeMax = view.getUint32(start + 14, true)
  if (messageSizeMax < messageSizeFloor) return 'message-size'
  const ticketAt = start + codecAt + writtenTextSize(view, start + codecAt)
  if (ticketAt >= end) return 'malformed-hello'
  const ticketSize = view.getUint8(ticketAt)
  const dataAt = ticketAt + 1 + ticketSize
  if (ticketSize > ticketSizeMax || dataAt + 2 > end) return 'malformed-hello'
  const dataSize = view.getUint16(dataAt, true)
  if (dataSize > openDataSizeMax || dataAt + 2 + dataSize > end) return 'malformed-hello'
  return {
    role: role === 1 ? 'opened' : 'accepted',
    nonce: new Uint8Array(view.buffer.slice(view.byteOffset + start + 6, view.byteOffset + start + 14)),
    messageSizeMax,
    contractVersion: view.getUint32(start + 18, true),
    fingerprint: hex64(view, start + 22),
    codec,
    data: new Uint8Array(view.buffer, view.byteOffset + dataAt + 2, dataSize),
  }
}

/** Sees at the first bytes of a link whether it may begin with a hello, or with a goodbye instead of one. */
export class HelloCheck {
  #heard: number[] = []
  #state: 'undecided' | 'millrace' | 'stranger' = 'undecided'

  /** What speaks another protocol is seen at its first byte, and at the size of its first frame. */
  get isStranger(): boolean {
    return this.#state === 'stranger'
  }

  /** There is nothing more to look at. */
  get isDone(): boolean {
    return this.#state !== 'undecided'
  }

  /** The next bytes of the link came. */
  hear(chunk: Uint8Array): void {
    for (let index = 0; index < chunk.length && this.#state === 'undecided'; index++) {
      this.#heard.push(chunk[index])
      this.#state = judge(this.#heard)
    }
  }
}

function judge(heard: readonly number[]): 'undecided' | 'millrace' | 'stranger' {
  if (heard[0] !== frameCode.hello && heard[0] !== frameCode.close) return 'stranger'
  if (heard.length < 2 || heard.length < 1 + varintSizeOf(heard[1])) return 'undecided'
  return readVarint(Uint8Array.from(heard), 1) <= helloSizeMax ? 'millrace' : 'stranger'
}
