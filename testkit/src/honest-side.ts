import type { AnyMessages, Channel, CloseReason, MillraceError } from '@millrace/core'
import type { VirtualLoop } from '@millrace/sim'
import type { HonestAsk, HonestProgram } from './honest-plan.ts'

/** What a side needs of its run. */
export interface HonestSideHost {
  readonly loop: VirtualLoop
  readonly graceMs: number
  /** The key with which both sides seal the channel. */
  readonly key: Uint8Array
  /** Something happened, for the trace. */
  note(...words: unknown[]): void
  /** A promise was broken. */
  broken(what: string): void
}

/** Plays one side of a channel as its program says, and tells whatever does not go as it must. */
export class HonestSide {
  readonly channel: Channel<AnyMessages>
  readonly program: HonestProgram
  readonly #host: HonestSideHost
  readonly #name: string
  #heardCount = 0
  #saidCount = 0
  #binding: string | undefined
  /** Messages and requests that were settled, and the encryption. */
  readonly done: Promise<unknown>
  /** All messages of the peer were read. */
  readonly hasRead: Promise<void>
  #read!: () => void
  #sealed: Promise<void> = Promise.resolve()
  /** Set when one of both sides began to close: what is not done then need not be done any more. */
  isEnding = false
  readonly #wanted: number
  #echoEnd = 0
  #isFull = false
  #hasEchoed = (): void => {}

  constructor(channel: Channel<AnyMessages>, program: HonestProgram, name: string, host: HonestSideHost) {
    this.channel = channel
    this.program = program
    this.#name = name
    this.#host = host
    this.#wanted = program.takesMs.length
    this.hasRead = new Promise((resolve) => {
      this.#read = resolve
    })
    if (this.#wanted === 0) this.#read()
    channel.on('close', () => this.#read())
    if (program.heartbeatMs !== undefined)
      channel.setHeartbeat(program.heartbeatMs, 2 * program.heartbeatMs + host.graceMs)
    channel.on('ask', ({ n, size, afterMs }: AskBody) => {
      const reply = { n, text: textOf(n, size) }
      return afterMs === 0 ? reply : this.#sleep(afterMs).then(() => reply)
    })
    const asks = [...program.asks]
    const askers = Array.from({ length: program.askers }, () => this.#ask(asks))
    this.done = Promise.all([this.#seal(), this.#say(), this.#listen(), ...askers])
  }

  /** Remembers which handshake the channel is bound to. */
  bind(): void {
    this.#binding = this.channel.encryption?.handshakeHash.join()
  }

  /** The hash of the handshake that sealed the channel last. */
  get binding(): string | undefined {
    return this.#binding
  }

  get heardCount(): number {
    return this.#heardCount
  }

  get saidCount(): number {
    return this.#saidCount
  }

  /** Resolves when this side's call of `setEncryption` has. */
  get sealed(): Promise<void> {
    return this.#sealed
  }

  /** What has not been done, in words. */
  get unfinished(): string {
    const { says } = this.program
    return `${this.#name} said ${this.#saidCount} of ${says.length}, heard ${this.#heardCount} of ${this.#wanted}, ${this.channel.describe()}`
  }

  async #seal(): Promise<void> {
    const { sealsAfterMs } = this.program
    if (sealsAfterMs === undefined) return
    this.#sealed = this.#sleep(sealsAfterMs)
      .then(() => this.channel.setEncryption(this.#host.key))
      .catch((error: MillraceError) => this.#broken('could not seal', error))
    await this.#sealed
    this.#host.note(this.#name, 'sealed')
    this.bind()
  }

  #say(): Promise<void> {
    return this.program.echoes ? this.#echo() : this.#sayAll()
  }

  async #echo(): Promise<void> {
    const { length } = this.program.says
    const hasSaid = new Promise<void>((resolve) => {
      this.#hasEchoed = resolve
    })
    void this.hasRead.then(() => this.#pump(length))
    await hasSaid
  }

  /** Says the messages below this number that were not said yet, from inside the handler if there is room. */
  #pump(end: number): void {
    const { says } = this.program
    this.#echoEnd = Math.max(this.#echoEnd, Math.min(end, says.length))
    while (!this.#isFull && this.#saidCount < this.#echoEnd) {
      const n = this.#saidCount
      const result = this.channel.send('say', { n, text: textOf(n, says[n].size) })
      this.#host.note(this.#name, 'echoed', n, result)
      if (result === 'queued') this.#saidCount++
      else if (result === 'full') this.#waitForRoom()
      else {
        this.#broken(`could not say ${n}`, result)
        return this.#hasEchoed()
      }
    }
    if (this.#saidCount === says.length) this.#hasEchoed()
  }

  #waitForRoom(): void {
    this.#isFull = true
    void this.channel.drained().then(() => {
      this.#isFull = false
      this.#pump(this.#echoEnd)
    })
  }

  async #sayAll(): Promise<void> {
    for (const [n, { size, afterMs }] of this.program.says.entries()) {
      if (afterMs > 0) await this.#sleep(afterMs)
      const result = await this.channel.sendWhenReady('say', { n, text: textOf(n, size) })
      this.#host.note(this.#name, 'said', n, result)
      if (result === 'queued') this.#saidCount++
      else return this.#broken(`could not say ${n}`, result)
    }
  }

  async #ask(asks: HonestAsk[]): Promise<void> {
    for (let ask = asks.shift(); ask !== undefined; ask = asks.shift()) await this.#askOnce(ask)
  }

  async #askOnce({ replySize, replyAfterMs }: HonestAsk): Promise<void> {
    const n = this.program.asks.length + replySize
    const body: AskBody = { n, size: replySize, afterMs: replyAfterMs }
    for (;;) {
      try {
        const reply = (await this.channel.request('ask', body)) as { n: number; text: string }
        this.#host.note(this.#name, 'asked', n)
        if (reply.n !== n || reply.text !== textOf(n, replySize)) this.#host.broken(`a reply to ${n} changed`)
        return
      } catch (error) {
        // A full channel takes no request: it is to be asked again when it has room.
        const { code, message } = error as MillraceError
        const isFull = code === 'request-limit' && message.includes('drained()')
        if (!isFull) return this.#broken(`had no reply to ${n}`, error)
        const drained = await this.channel.drained()
        if (drained === 'closed') return this.#broken(`could not ask ${n}`, drained)
      }
    }
  }

  async #listen(): Promise<void> {
    const { channel, program } = this
    if (program.reader === 'handler') channel.onMessage('say', (body: SayBody) => this.#hear(body))
    else if (program.reader === 'async handler') {
      channel.onMessage('say', (body: SayBody) => {
        this.#hear(body)
        return this.#sleep(program.takesMs[body.n])
      })
    } else void this.#iterate()
  }

  async #iterate(): Promise<void> {
    const { takesMs, asksAt } = this.program
    for await (const { key, body } of this.channel) {
      if (key !== 'say') continue
      const { n } = body as SayBody
      if (takesMs[n] > 0) await this.#sleep(takesMs[n])
      if (asksAt.has(n)) await this.#askOnce({ replySize: n % 100, replyAfterMs: 0 })
      this.#hear(body as SayBody)
    }
  }

  #hear({ n, text }: SayBody): void {
    this.#host.note(this.#name, 'heard', n)
    if (n !== this.#heardCount)
      this.#host.broken(`${this.#name} heard message ${n} in place of ${this.#heardCount}`)
    if (text.length === 0 ? false : text !== textOf(n, text.length))
      this.#host.broken(`message ${n} changed on its way`)
    this.#heardCount++
    if (this.program.echoes) this.#pump(this.#heardCount)
    if (this.#heardCount === this.#wanted) this.#read()
  }

  #broken(what: string, why: unknown): void {
    if (this.isEnding && isEnd(why)) return
    const text = why instanceof Error ? why.message : String(why)
    this.#host.broken(`${this.#name} ${what}: ${text}`)
  }

  #sleep(ms: number): Promise<void> {
    const { loop } = this.#host
    return new Promise((resolve) => loop.wakeAt(loop.now() + ms, resolve))
  }
}

interface SayBody {
  readonly n: number
  readonly text: string
}

interface AskBody {
  readonly n: number
  readonly size: number
  readonly afterMs: number
}

/** Whether something did not happen because the channel was closed in order. */
function isEnd(why: unknown): boolean {
  return why === 'closed' || (why instanceof Error && (why as MillraceError).code === 'channel-closed')
}

/** Whether a channel ended as the program of one of its sides asked. */
export function isAsPlanned(reason: CloseReason | undefined, by: 'local' | 'remote', text: string): boolean {
  return reason?.code === 'closed' && reason.by === by && reason.text === text
}

function textOf(n: number, size: number): string {
  return String.fromCharCode(97 + (n % 26)).repeat(size)
}
