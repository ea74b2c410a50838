import { FrameDecoder, headerSize, helloSizeMax, mayBeHello } from '@millrace/wire'
import type { Codec } from '../ports/codec.ts'
import type { SessionHost, StreamSession } from '../ports/protocol.ts'
import { FramedSession, helloViolations } from './framed-session.ts'

/** Millrace's own session over a stream of bytes. */
export class FramedStream extends FramedSession implements StreamSession {
  readonly #decoder: FrameDecoder
  #heardSize = 0
  #isStranger = false

  constructor(codec: Codec, host: SessionHost) {
    const decoder = new FrameDecoder(host.pool, helloSizeMax)
    super(codec, host, decoder, host.out)
    this.#decoder = decoder
  }

  receive(chunk: Uint8Array): void {
    // What speaks another protocol may never send a whole frame: it is told by its first bytes.
    if (this.#heardSize < headerSize) {
      if (!mayBeHello(chunk, this.#heardSize)) this.#isStranger = true
      this.#heardSize += chunk.length
    }
    if (!this.#isStranger && !this.isAtEnd) this.#decoder.receive(chunk)
  }

  keep(): void {
    this.#decoder.keep()
  }

  override process(now: number): void {
    if (this.#isStranger) this.violate(helloViolations['not-millrace'])
    else super.process(now)
  }

  takeRest(): Uint8Array[] {
    return this.#decoder.takeRest()
  }
}
