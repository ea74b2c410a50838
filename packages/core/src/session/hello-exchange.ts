import {
  bodySizeLimit,
  frameCode,
  type Hello,
  helloSizeMax,
  messageSizeFloor,
  nonceSize,
  readGoodbye,
  readHello,
} from '@millrace/wire'
import { printable } from '../base/printable.ts'
import type { Codec } from '../ports/codec.ts'
import type { FrameSink, FrameSource, FrameView } from '../ports/framing.ts'
import type { SessionHost } from '../ports/protocol.ts'
import { ContractCheck } from './contract-check.ts'
import type { FrameWriter } from './frame-writer.ts'

const noData = new Uint8Array(0)
/** A fingerprint where there is nothing to compare. */
export const noFingerprint = '0'.repeat(16)

/**
 * What stands before an open channel: the hellos of both sides, and their contract tables if those differ. The opening side
 * speaks first; the accepting side replies to a valid hello only, so that an unauthenticated peer learns nothing.
 */
export class HelloExchange {
  /** The peer began as Millrace does, so a goodbye would be understood. */
  isGreeted = false
  /** The peer's hello, once nothing is wrong with it. */
  hello: Hello | undefined
  /** Both sides have said hello: the channel may open. */
  isDone = false
  readonly #host: SessionHost
  readonly #codec: Codec
  readonly #frames: FrameSource
  readonly #out: FrameSink
  readonly #writer: FrameWriter
  readonly #nonce: Uint8Array
  #contract: ContractCheck | undefined

  constructor(host: SessionHost, codec: Codec, frames: FrameSource, out: FrameSink, writer: FrameWriter) {
    this.#host = host
    this.#codec = codec
    this.#frames = frames
    this.#out = out
    this.#writer = writer
    this.#nonce = host.random(nonceSize)
    frames.bodySizeMax = helloSizeMax
  }

  /** The program has not decided yet whether the channel may open. */
  get isAsking(): boolean {
    return this.hello !== undefined && !this.isDone
  }

  /** What is said of a frame that is too large now. */
  get sizeText(): string {
    return `a frame of more than ${this.#frames.bodySizeMax} bytes before the hello`
  }

  start(): void {
    if (this.#host.role === 'opened') this.#writeHello()
  }

  /** Takes a frame. Returns what is wrong with it, or nothing. */
  take({ code, view, bodyStart, bodyEnd }: FrameView): string {
    switch (code) {
      case frameCode.close: {
        const goodbye = readGoodbye(view, bodyStart, bodyEnd)
        if (goodbye === undefined) return 'a malformed goodbye'
        this.#host.farewell(goodbye)
        return ''
      }
      case frameCode.hello:
        return this.#contract === undefined ? this.#takeHello(view, bodyStart, bodyEnd) : 'a second hello'
      case frameCode.contract:
        if (this.#contract === undefined) return 'an unexpected contract frame'
        this.#host.fail(this.#contract.conclude(view, bodyStart, bodyEnd, this.#answerTo))
        return ''
      default:
        return 'a message before the hello'
    }
  }

  /** Asks whether the channel may open, and says hello if it may. */
  admit(): void {
    const { role } = this.#host
    if (this.#host.admit(this.hello?.data) !== 'yes') return
    if (role === 'accepted') this.#writeHello()
    this.isDone = true
  }

  #takeHello(view: DataView, start: number, end: number): string {
    const hello = readHello(view, start, end)
    // Goodbyes are the same in all versions: a peer that began like Millrace is told why it ends.
    this.isGreeted = hello !== 'not-millrace'
    if (typeof hello === 'string') return helloViolations[hello]
    if (isEqual(hello.nonce, this.#nonce)) return ownHello
    if (hello.role === this.#host.role) return hello.role === 'opened' ? bothOpened : bothAccepted
    const { name, contract } = this.#codec
    if (hello.codec !== name) {
      const text = `the peer speaks '${printable(hello.codec)}', this side speaks '${name}'`
      this.#host.fail({ code: 'protocol-mismatch', text })
    } else if (contract !== undefined && hello.fingerprint !== contract.fingerprint) this.#compareContracts()
    else {
      // A decision may take longer than the bytes are there.
      this.hello = hello.data.length === 0 ? hello : { ...hello, data: hello.data.slice() }
      this.admit()
    }
    return ''
  }

  /** Where the table goes that answers the peer's: of the accepting side, which shows it second. */
  get #answerTo(): FrameSink | undefined {
    return this.#host.role === 'accepted' ? this.#out : undefined
  }

  /**
   * The fingerprints differ: each side shows the other its table, so that both can say what differs; the opening side first, so that a stranger learns
   * no names for the price of a hello.
   */
  #compareContracts(): void {
    this.#contract = new ContractCheck(this.#codec.contract!.table)
    if (this.#host.role === 'accepted') this.#writeHello()
    else this.#contract.write(this.#out)
    this.#frames.bodySizeMax = this.#contract.tableSizeMax
  }

  #writeHello(): void {
    const { role, limits, openData } = this.#host
    const { name, contract } = this.#codec
    this.#writer.hello({
      role,
      nonce: this.#nonce,
      messageSizeMax: Math.min(limits.messageSizeMax, bodySizeLimit),
      codec: name,
      contractVersion: contract?.table.version ?? 0,
      fingerprint: contract?.fingerprint ?? noFingerprint,
      data: role === 'opened' ? openData : noData,
    })
  }
}

/** What is said of bytes that are no hello. */
export const helloViolations = {
  'not-millrace': 'the first bytes are no Millrace hello; does the peer speak another protocol?',
  'wire-version': 'the hello has another wire version; one side must be updated',
  'malformed-hello': 'a malformed hello',
  'message-size': `a hello that takes messages of less than ${messageSizeFloor} bytes`,
}

const ownHello = "this side's own hello came back: the address leads to itself, or to a service that echoes"
const bothOpened = 'both sides opened the connection: the peer does not accept channels'
const bothAccepted = 'both sides accepted the connection: the peer does not open channels'

/** Whether two nonces are the same one. Zeros are none. */
function isEqual(theirs: Uint8Array, own: Uint8Array): boolean {
  return own.some((byte) => byte !== 0) && own.every((byte, index) => byte === theirs[index])
}
