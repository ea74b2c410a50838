import type { SegmentBatch } from '@millrace/buffer'
import { runCallback, watchResult } from '../base/callback.ts'
import type { ChannelEncryption } from '../base/channel-encryption.ts'
import { causeText, MillraceError } from '../base/millrace-error.ts'
import { printable } from '../base/printable.ts'
import type { FrameTable } from '../ports/framing.ts'
import type { Link, LinkOwner } from '../ports/transport.ts'
import type { Turns } from '../turn/turns.ts'

/** What a guarded link needs of its pipe. */
export interface GuardedLinkOwner {
  readonly turns: Turns
  /** A transport failed. */
  linkFailed(cause: unknown, text: string): void
}

/**
 * Stands before a transport's link, which may be a third party's: a link of which a method throws, or rejects, is gone. Its owner is told so in
 * the pipe's next turn, never inside of the call.
 */
export class GuardedLink implements Link {
  readonly #link: Link
  readonly #pipe: GuardedLinkOwner
  #owner: LinkOwner | undefined
  #hasFailed = false

  constructor(link: Link, pipe: GuardedLinkOwner) {
    this.#link = link
    this.#pipe = pipe
  }

  /** As the link has it, or not; so are the next three. */
  get pause(): (() => void) | undefined {
    return this.#link.pause === undefined ? undefined : this.#pause
  }

  get resume(): (() => void) | undefined {
    return this.#link.resume === undefined ? undefined : this.#resume
  }

  get buffered(): (() => number) | undefined {
    return this.#link.buffered === undefined ? undefined : this.#buffered
  }

  get speaks(): ((frames: FrameTable) => void) | undefined {
    return this.#link.speaks === undefined ? undefined : this.#speaks
  }

  get sealing(): Link['sealing'] {
    return this.#link.sealing?.bind(this.#link)
  }

  get budgetBytes(): number | undefined {
    return this.#link.budgetBytes
  }

  get network(): Link['network'] {
    return this.#link.network?.bind(this.#link)
  }

  get sealed(): Link['sealed'] {
    return this.#link.sealed
  }

  get storedBytes(): number | undefined {
    return this.#link.storedBytes
  }

  get encryption(): ChannelEncryption | undefined {
    return this.#link.encryption
  }

  get peerAddress(): string | undefined {
    return this.#link.peerAddress
  }

  start(owner: LinkOwner): void {
    this.#owner = owner
    try {
      this.#watch('start', this.#link.start(owner))
    } catch (error) {
      this.#failed('start', error)
    }
  }

  send(batch: SegmentBatch, report?: 'unless-left'): 'left' | 'waits' {
    if (this.#hasFailed) {
      batch.release()
      return 'waits'
    }
    try {
      return this.#link.send(batch, report)
    } catch (error) {
      batch.release()
      this.#failed('send', error)
      return 'waits'
    }
  }

  end(): void {
    this.#call('end')
  }

  destroy(): void {
    this.#call('destroy')
  }

  /** A link that can't say what it is is none the worse for it. */
  describe(): string {
    try {
      return printable(this.#link.describe())
    } catch {
      return 'link'
    }
  }

  #speaks(frames: FrameTable): void {
    try {
      this.#watch('speaks', this.#link.speaks?.(frames))
    } catch (error) {
      this.#failed('speaks', error)
    }
  }

  #pause(): void {
    this.#call('pause')
  }

  #resume(): void {
    this.#call('resume')
  }

  #call(method: 'pause' | 'resume' | 'end' | 'destroy'): void {
    if (this.#hasFailed) return
    try {
      this.#watch(method, this.#link[method]?.())
    } catch (error) {
      this.#failed(method, error)
    }
  }

  #buffered(): number {
    try {
      return this.#link.buffered?.() ?? 0
    } catch (error) {
      this.#failed('buffered', error)
      return 0
    }
  }

  /** Methods that return nothing may as well be async. */
  #watch(method: string, result: unknown): void {
    if (result !== undefined) watchResult(result, (error) => this.#failed(method, error))
  }

  #failed(method: string, cause: unknown): void {
    if (this.#hasFailed) return
    this.#hasFailed = true
    const text = `${this.describe()}: the method '${method}' of the link failed: ${causeText(cause)}`
    const error = new MillraceError('link-failed', text, { cause })
    this.#pipe.linkFailed(error, text)
    const process = () => this.#giveUp(error)
    this.#pipe.turns.later({ isReady: false, isDirty: false, isUrgent: true, process, flush() {} })
  }

  /** Tells that the link is gone, before it can tell so itself, and frees what it still holds if it can. */
  #giveUp(error: MillraceError): void {
    this.#owner?.gone(error)
    runCallback(
      () => this.#link.destroy(),
      () => {},
    )
  }
}

/** Cuts a transport's link that is not needed. */
export function discardLink(link: Link, pipe: GuardedLinkOwner): void {
  const guarded = new GuardedLink(link, pipe)
  guarded.start({ received() {}, sent() {}, ended() {}, gone() {} })
  guarded.destroy()
}
