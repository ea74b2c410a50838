import { BlockPool, SegmentBuffer } from '@millrace/buffer'
import type { Link, LinkOwner } from '@millrace/core'

/** What one link has not taken yet of what came from the other, in bytes: more makes the other wait. */
const highWaterBytes = 262_144

/** The same for a link that can't wait, and for what comes before there is another: more ends both. */
const strictMaxBytes = 16 * 1024 * 1024

/** One end of a bridge: a link that was started; its bytes wait until the bridge is whole. */
export class BridgeEnd implements LinkOwner {
  readonly link: Link
  readonly #out = new SegmentBuffer(new BlockPool())
  /** What came before there was a far end. */
  readonly #early: Uint8Array[] = []
  #earlyBytes = 0
  #far: BridgeEnd | undefined
  /** Written to the link, and not told to have left. */
  #unsentBytes = 0
  #isPaused = false
  #hasEnded = false
  #isGone = false
  #over: (() => void) | undefined

  constructor(link: Link) {
    this.link = link
    link.start(this)
    link.pause?.()
  }

  get isGone(): boolean {
    return this.#isGone
  }

  /** What comes from one link goes to the other from now on, and the ends, too. `over` is called once, when both are gone. */
  static join(one: BridgeEnd, other: BridgeEnd, over: () => void): void {
    let left = 2
    one.#over = other.#over = () => {
      if (--left === 0) over()
    }
    one.#far = other
    other.#far = one
    one.#begin()
    other.#begin()
  }

  destroy(): void {
    if (!this.#isGone) this.link.destroy()
  }

  received(bytes: Uint8Array, ownership: 'given' | 'lent'): void {
    if (this.#isGone) return
    if (this.#far !== undefined) return this.#far.#write(bytes)
    this.#earlyBytes += bytes.length
    if (this.#earlyBytes > strictMaxBytes) this.destroy()
    else this.#early.push(ownership === 'lent' ? new Uint8Array(bytes) : bytes)
  }

  sent(size: number): void {
    this.#unsentBytes -= size
    const far = this.#far
    if (far !== undefined && this.#unsentBytes < highWaterBytes) far.#goOn()
  }

  ended(): void {
    this.#hasEnded = true
    const far = this.#far
    if (far !== undefined && !far.#isGone) far.link.end()
  }

  gone(error?: unknown): void {
    this.#isGone = true
    this.#early.length = 0
    this.#out.release()
    const far = this.#far
    if (far === undefined) return
    // What ended in order in both directions may still be on its way to the far end.
    if (error !== undefined || !this.#hasEnded || !far.#hasEnded) far.destroy()
    this.#over?.()
  }

  #begin(): void {
    const far = this.#far
    if (this.#isGone) {
      far?.destroy()
      this.#over?.()
      return
    }
    if (far !== undefined) for (const bytes of this.#early.splice(0)) far.#write(bytes)
    if (this.#hasEnded) this.ended()
    if (!this.#isPaused) this.link.resume?.()
  }

  #write(bytes: Uint8Array): void {
    if (this.#isGone || bytes.length === 0) return
    this.#unsentBytes += bytes.length
    this.#out.append(bytes)
    this.link.send(this.#out.take())
    // One that isn't told when bytes leave has copied them.
    if (this.link.buffered !== undefined) this.#unsentBytes = 0
    const far = this.#far
    if (far === undefined || this.#unsentBytes < highWaterBytes) return
    far.#wait()
    if (this.#unsentBytes >= strictMaxBytes && far.link.pause === undefined) this.destroy()
  }

  #wait(): void {
    if (this.#isPaused) return
    this.#isPaused = true
    this.link.pause?.()
  }

  #goOn(): void {
    if (!this.#isPaused || this.#isGone) return
    this.#isPaused = false
    this.link.resume?.()
  }
}
