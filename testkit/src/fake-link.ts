import type { SegmentBatch } from '@millrace/buffer'
import type { Link, LinkOwner } from '@millrace/core'
import type { Random, VirtualLoop } from '@millrace/sim'
import { ByteStream } from './byte-stream.ts'
import type { NetworkProfile } from './network-profile.ts'

/** What a link needs of its network. */
export interface FakeLinkHome {
  readonly loop: VirtualLoop
  readonly random: Random
  readonly profile: NetworkProfile
  /** The owner of a link broke the contract of the port. */
  violated(text: string): void
}

/** A man in the middle, which hears what one end of a stream sends, and may change it. */
export interface Eavesdropper {
  /** The owner of the end sent these bytes. They are only lent. */
  left(bytes: Uint8Array): void
  /** These bytes are about to arrive; what it answers arrives in their place. */
  arriving(bytes: Uint8Array): Uint8Array
}

const overwritten = 0xee

/**
 * One end of a stream between two pipes. Keeps the contract of the port to the letter: it tells only from events of the
 * loop, overwrites what it lent, and says `gone` once, last.
 */
export class FakeLink implements Link {
  /** On the way from here to the far end. */
  eavesdropper: Eavesdropper | undefined
  /** Where the peer says it is. */
  peerAddress: string | undefined
  /** Missing where the network's profile says so. */
  readonly pause?: () => void
  readonly resume?: () => void
  readonly buffered?: () => number
  readonly #home: FakeLinkHome
  readonly #name: string
  readonly #out: ByteStream
  #peer!: FakeLink
  #owner: LinkOwner | undefined
  #state: 'fresh' | 'open' | 'destroyed' | 'gone' = 'fresh'
  #hasEnded = false
  #hasDrained = false
  #hasHeardEnd = false
  #isGoing = false
  #error: unknown
  /** Bytes that were sent and have not left. */
  #buffered = 0

  private constructor(home: FakeLinkHome, name: string) {
    this.#home = home
    this.#name = name
    this.#out = new ByteStream(home.loop, home.random, home.profile, {
      arrived: (bytes) => this.#peer.#receive(this.eavesdropper?.arriving(bytes) ?? bytes),
      finished: () => this.#peer.#hearEnd(),
      left: (size) => this.#left(size),
      drained: () => {
        this.#hasDrained = true
        this.#goIfDone()
      },
    })
    const { pausing, leaving } = home.profile
    if (pausing === 'on') {
      this.pause = () => this.#read('off')
      this.resume = () => this.#read('on')
    }
    if (leaving === 'polled') this.buffered = () => this.#buffered
  }

  /** Both ends of a new stream. */
  static pair(home: FakeLinkHome, name: string): [opened: FakeLink, accepted: FakeLink] {
    const opened = new FakeLink(home, `${name} (opened)`)
    const accepted = new FakeLink(home, `${name} (accepted)`)
    opened.#peer = accepted
    accepted.#peer = opened
    return [opened, accepted]
  }

  /** Batches that were sent and have not left. */
  get heldBatches(): number {
    return this.#out.heldBatches
  }

  /** The bytes of those batches, and in how many segments they are. */
  get held(): { readonly bytes: number; readonly segments: number } {
    return this.#out.held
  }

  /** All bytes that the owner was told of. */
  get receivedSize(): number {
    return this.#peer.#out.arrivedSize
  }

  get isGone(): boolean {
    return this.#state === 'gone'
  }

  start(owner: LinkOwner): void {
    if (this.#owner !== undefined) this.#home.violated(`${this.#name} was started twice`)
    this.#owner = owner
    const { loop } = this.#home
    // A link that was lost before it was started still tells that it is gone.
    if (this.#state === 'gone') loop.eventAt(loop.now(), () => owner.gone(this.#error))
    if (this.#state !== 'fresh') return
    this.#state = 'open'
    this.#peer.#out.read('on')
  }

  send(batch: SegmentBatch, report?: 'unless-left'): 'left' | 'waits' {
    if (this.#state === 'fresh') this.#home.violated(`${this.#name}: send before start`)
    if (this.#hasEnded && this.#state === 'open') this.#home.violated(`${this.#name}: send after end`)
    if (this.#state !== 'open' || batch.segments.length === 0) {
      batch.release()
      return 'left'
    }
    if (this.#peer.#state === 'destroyed' || this.#peer.#state === 'gone') {
      this.#fail(this.#home.random.pick(['EPIPE', 'ECONNRESET']))
    }
    if (this.eavesdropper !== undefined) for (const segment of batch.segments) this.eavesdropper.left(segment)
    if (report === 'unless-left' && this.#out.tryWrite(batch)) return 'left'
    this.#buffered += batch.size
    this.#out.write(batch)
    return 'waits'
  }

  end(): void {
    if (this.#hasEnded || this.#state !== 'open') return
    this.#hasEnded = true
    this.#out.end()
  }

  destroy(): void {
    if (this.#state === 'destroyed' || this.#state === 'gone') return
    const unread = this.#peer.#out.unreadSize + this.#peer.#out.heldBatches
    this.#state = 'destroyed'
    this.#peer.#out.discard()
    this.#out.abandon()
    const isReset =
      this.#home.profile.destruction === 'random' && (unread > 0 || this.#home.random.chance(0.3))
    if (isReset) this.#peer.#fail('ECONNRESET')
    this.#go(undefined)
  }

  /** The network cuts this end off: what was on its way is lost. */
  cut(error: unknown): void {
    this.#out.cut()
    this.#peer.#out.cut()
    this.#go(error)
  }

  /** Nothing arrives here any more, as if the owner's process or the network stood still; or it does again. */
  freeze(mode: 'on' | 'off'): void {
    this.#peer.#out.freeze(mode)
  }

  describe(): string {
    return this.#name
  }

  #read(mode: 'on' | 'off'): void {
    if (this.#state === 'open') this.#peer.#out.read(mode)
  }

  #left(size: number): void {
    this.#buffered -= size
    if (this.buffered === undefined) this.#owner?.sent(size)
  }

  #receive(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    const { ownership } = this.#home.profile
    const mode = ownership === 'mixed' ? this.#home.random.pick(['given', 'lent'] as const) : ownership
    this.#owner?.received(bytes, mode)
    if (mode === 'lent') bytes.fill(overwritten)
  }

  #hearEnd(): void {
    if (this.#state !== 'open') return
    this.#hasHeardEnd = true
    this.#owner?.ended()
    this.#goIfDone()
  }

  #fail(code: string): void {
    this.cut(Object.assign(new Error(`the fake network says ${code}`), { code }))
  }

  #goIfDone(): void {
    if (this.#hasDrained && this.#hasHeardEnd) this.#go(undefined)
  }

  #go(error: unknown): void {
    if (this.#isGoing) return
    this.#isGoing = true
    const { loop, random, profile } = this.#home
    loop.eventAt(loop.now() + random.integer(0, profile.delayMs[1]), () => this.#gone(error))
  }

  #gone(error: unknown): void {
    this.#state = 'gone'
    this.#error = error
    this.#out.release()
    this.#owner?.gone(error)
  }
}
