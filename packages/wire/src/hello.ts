import { controlNumber, type FrameTarget, finishFrame, frameKind, frameTag, headerSize } from './frame.ts'
import { readText, writeText } from './short-text.ts'

/** The version of the bytes between two Millrace processes. A change that an older peer can't read raises it. */
export const wireVersion = 1

/** The largest body of a hello, in bytes, and of anything else that comes before the hello was accepted. */
export const helloSizeMax = 4096

/** The tag that every conversation begins with. */
export const helloTag = frameTag(frameKind.control, controlNumber.hello)

const magic = 0x43524c4d // "MLRC" in the order of the bytes
const fixedSize = 21

/** What each side says first (docs/WIRE.md, section 3). */
export interface Hello {
  /** The largest message body that this side accepts, in bytes. */
  readonly messageSizeMax: number
  /** The kind of codec that reads and writes the messages: `bits`, `msgpack`, or a name of the user's. At most 255 bytes. */
  readonly codec: string
  /** The contract's version, as its owner counts them; 0 when he doesn't. */
  readonly contractVersion: number
  /** 64 bits over all that must be equal on both sides, as 16 hexadecimal digits. Zeros: nothing to compare. */
  readonly fingerprint: string
}

/** Why bytes are no hello that this side could go on with. */
export type HelloViolation = 'not-millrace' | 'wire-version' | 'malformed-hello'

/** The room that a hello needs at most, header included. */
export const helloRoom = headerSize + fixedSize + 256

/** Writes a hello at `start` and returns its end. */
export function writeHello(target: FrameTarget, start: number, hello: Hello): number {
  const { view } = target
  let at = start + headerSize
  view.setUint32(at, magic, true)
  view.setUint8(at + 4, wireVersion)
  view.setUint32(at + 5, hello.messageSizeMax, true)
  view.setUint32(at + 9, hello.contractVersion, true)
  view.setUint32(at + 13, Number.parseInt(hello.fingerprint.slice(0, 8), 16), false)
  view.setUint32(at + 17, Number.parseInt(hello.fingerprint.slice(8, 16), 16), false)
  at = writeText(target, at + 21, hello.codec)
  return finishFrame(target, start, helloTag, at)
}

/** Reads the body of a hello. Bytes after the known fields are left alone: a later version may use them. */
export function readHello(view: DataView, start: number, end: number): Hello | HelloViolation {
  if (end - start < 5 || view.getUint32(start, true) !== magic) return 'not-millrace'
  if (view.getUint8(start + 4) !== wireVersion) return 'wire-version'
  if (end - start < 22) return 'malformed-hello'
  const codec = readText(view, start + 21, end)
  if (codec === undefined) return 'malformed-hello'
  return {
    messageSizeMax: view.getUint32(start + 5, true),
    contractVersion: view.getUint32(start + 9, true),
    fingerprint: hex(view.getUint32(start + 13, false)) + hex(view.getUint32(start + 17, false)),
    codec,
  }
}

/**
 * Whether a chunk may belong to a link that begins with a hello, or with a goodbye instead of one; `heard` bytes came
 * before it. What speaks another protocol is seen at its first four bytes.
 */
export function mayBeHello(chunk: Uint8Array, heard: number): boolean {
  for (let position = heard; position < headerSize && position - heard < chunk.length; position++) {
    const byte = chunk[position - heard]
    if (position === 1 && byte > helloSizeMax >> 8) return false
    if (position === 2 && byte !== controlNumber.hello && byte !== controlNumber.close) return false
    if (position === 3 && byte !== helloTag >> 8) return false
  }
  return true
}

function hex(word: number): string {
  return word.toString(16).padStart(8, '0')
}
