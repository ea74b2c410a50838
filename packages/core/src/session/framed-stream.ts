import { FrameDecoder, finishFrame, frameCode, HelloCheck, headerSize, helloSizeMax } from '@millrace/wire'
import type { Codec } from '../ports/codec.ts'
import type { SessionHost, StreamSession } from '../ports/protocol.ts'
import type { MessageSizes } from './frame-writer.ts'
import { FramedSession } from './framed-session.ts'
import { helloViolations } from './hello-exchange.ts'

/** Millrace's own session over a stream of bytes. */
export class FramedStream extends FramedSession implements StreamSession {
  readonly #decoder: FrameDecoder
  /** Looks at the first bytes: what speaks another protocol may never send a whole frame. */
  #check: HelloCheck | undefined = new HelloCheck()

  constructor(codec: Codec, sizes: MessageSizes, host: SessionHost) {
    const decoder = new FrameDecoder(host.pool, helloSizeMax)
    super(codec, sizes, host, decoder, host.out)
    this.#decoder = decoder
  }

  receive(chunk: Uint8Array): void {
    if (this.#check !== undefined) {
      this.#check.hear(chunk)
      if (this.#check.isStranger) return
      if (this.#check.isDone) this.#check = undefined
    }
    if (!this.isAtEnd) this.#decoder.receive(chunk)
  }

  keep(): void {
    this.#decoder.keep()
  }

  /** Throws when what is stored contradicts itself. For tests. */
  invariants(): void {
    this.#decoder.invariants()
  }

  override process(now: number): void {
    if (this.#check?.isStranger) this.violate(helloViolations['not-millrace'])
    else super.process(now)
  }

  encodeCipherStep(step: number, message: Uint8Array): Uint8Array {
    const bodyStart = headerSize(1 + message.length)
    const bytes = new Uint8Array(bodyStart + 1 + message.length)
    bytes[bodyStart] = step
    bytes.set(message, bodyStart + 1)
    finishFrame({ bytes, view: new DataView(bytes.buffer) }, 0, frameCode.cipher, bodyStart, bytes.length)
    return bytes
  }

  takeRest(): Uint8Array[] {
    return this.#decoder.takeRest()
  }

  clearPhase(): { readonly unread: number; readonly agreed: Uint8Array } {
    return { unread: this.#decoder.stored, agreed: this.agreed() }
  }
}
