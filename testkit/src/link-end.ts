import { createHash } from 'node:crypto'
import { BlockPool, SegmentBuffer } from '@millrace/buffer'
import type { Link, LinkOwner } from '@millrace/core'
import { expect } from 'vitest'

/** One end of a link, with everything that it was told. */
export class End implements LinkOwner {
  readonly link: Link
  readonly pool = new BlockPool({ checks: 'on' })
  readonly told: string[] = []
  readonly #out = new SegmentBuffer(this.pool)
  readonly #hash = createHash('sha256')
  readonly #waiting: { readonly isMet: () => boolean; readonly resolve: () => void }[] = []
  #isInCall = false
  receivedSize = 0
  givenSize = 0
  #sentSize = 0
  #looking: ReturnType<typeof setInterval> | undefined
  last = new Uint8Array(0)
  error: unknown
  calledInside = 0

  constructor(link: Link) {
    this.link = link
    this.call(() => link.start(this))
    // A link that isn't told when bytes leave is asked.
    if (link.buffered !== undefined) this.#looking = setInterval(() => this.#look(), 5)
  }

  /** Bytes that have left for good. */
  get leftSize(): number {
    return this.link.buffered === undefined ? this.#sentSize : this.givenSize - this.link.buffered()
  }

  /** Calls the link, and counts what it tells meanwhile: it must tell nothing. */
  call(run: () => void): void {
    this.#isInCall = true
    run()
    this.#isInCall = false
  }

  send(bytes: Uint8Array, pieces: 'copied' | 'shared' = 'copied'): void {
    this.givenSize += bytes.length
    if (pieces === 'copied') this.#out.append(bytes)
    else
      for (let at = 0; at < bytes.length; at += 10_000)
        this.#out.appendShared(bytes.subarray(at, at + 10_000))
    const batch = this.#out.take()
    this.call(() => this.link.send(batch))
  }

  /** Resolves when the condition holds; it is looked at whenever the link tells something. */
  async when(isMet: () => boolean): Promise<void> {
    if (isMet()) return
    await new Promise<void>((resolve) => this.#waiting.push({ isMet, resolve }))
  }

  get digest(): string {
    return this.#hash.copy().digest('hex')
  }

  received(bytes: Uint8Array, ownership: 'given' | 'lent'): void {
    this.receivedSize += bytes.length
    this.#hash.update(bytes)
    this.last = new Uint8Array(bytes)
    if (this.told.at(-1) !== 'received') this.#tell('received')
    expect(['given', 'lent']).toContain(ownership)
    this.#look()
  }

  sent(size: number): void {
    expect(this.link.buffered, 'a link tells by `sent` or says by `buffered`').toBeUndefined()
    this.#sentSize += size
    if (this.told.at(-1) !== 'sent') this.#tell('sent')
    this.#look()
  }

  ended(): void {
    this.#tell('ended')
    this.#look()
  }

  gone(error?: unknown): void {
    this.error = error
    clearInterval(this.#looking)
    this.#tell('gone')
    this.#look()
  }

  get isGone(): boolean {
    return this.told.includes('gone')
  }

  #tell(what: string): void {
    if (this.#isInCall) this.calledInside++
    this.told.push(what)
  }

  #look(): void {
    for (const waiting of [...this.#waiting]) {
      if (!waiting.isMet()) continue
      this.#waiting.splice(this.#waiting.indexOf(waiting), 1)
      waiting.resolve()
    }
  }
}
