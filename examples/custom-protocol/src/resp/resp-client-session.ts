import { type CloseReason, MillraceError } from 'millrace'
import type { SessionHost, StreamSession } from 'millrace/extend'
import { ReplyParser } from './reply-parser.ts'
import { commandNumber, pushNumber } from './resp-keys.ts'
import type { RespLimits } from './resp-limits.ts'
import { bytesOf, command, type RespCommand, RespError, type RespValue } from './resp-value.ts'
import { writeAscii, writeBulk } from './resp-writer.ts'

/** They are answered by pushes, as many as they have arguments, and by no reply. */
const answeredByPushes: ReadonlySet<string> = new Set([
  'SUBSCRIBE',
  'UNSUBSCRIBE',
  'PSUBSCRIBE',
  'PUNSUBSCRIBE',
])

/** Who waits for the next reply: a request by its id, a ping, or none. */
type Waiting = number | 'ping' | 'none'

/**
 * The client's side of a RESP channel: requests out, their replies in, in the same order. Pushes need version 3: send
 * `HELLO 3` first.
 */
export class RespClientSession implements StreamSession {
  readonly #host: SessionHost
  readonly #parser: ReplyParser
  #waiting: Waiting[] = []
  #firstWaiting = 0
  #pingedAt = 0

  constructor(host: SessionHost, limits: RespLimits) {
    this.#host = host
    this.#parser = new ReplyParser(limits)
  }

  get stored(): number {
    return this.#parser.stored
  }

  start(): void {
    if (this.#host.admit() === 'yes') this.#host.opened()
  }

  receive(chunk: Uint8Array): void {
    this.#parser.receive(chunk)
  }

  process(now: number): void {
    const host = this.#host
    const parser = this.#parser
    while (host.mayDeliver && parser.next()) {
      if (parser.isPush) host.deliver(pushNumber, parser.value)
      else this.#replied(parser.value, now)
    }
    const { violation } = parser
    if (violation !== undefined && host.mayDeliver) host.fail({ code: 'protocol-violation', what: violation })
  }

  /** A command without an awaited reply. */
  encode(number: number, body: unknown): void {
    if (number !== commandNumber)
      throw new MillraceError('unsupported', 'a RESP client sends commands, no pushes')
    const sent = checkCommand(body)
    this.#write(sent)
    if (!answeredByPushes.has(sent.name.toUpperCase())) this.#waiting.push('none')
  }

  encodeRequest(id: number, number: number, body: unknown): void {
    if (number !== commandNumber)
      throw new MillraceError('unsupported', 'a RESP client sends commands, no pushes')
    const sent = checkCommand(body)
    if (answeredByPushes.has(sent.name.toUpperCase())) {
      throw new MillraceError(
        'unsupported',
        `${sent.name} is answered by pushes: send it, and listen to 'push'`,
      )
    }
    this.#write(sent)
    this.#waiting.push(id)
  }

  ping(now: number): void {
    this.#pingedAt = now
    this.#write(command('PING'))
    this.#waiting.push('ping')
  }

  linkEnded(): CloseReason {
    const isMidway = this.stored > 0 || this.#firstWaiting < this.#waiting.length
    return isMidway
      ? { code: 'link-ended' }
      : { code: 'closed', by: 'remote', why: 'closed', appCode: 0, text: '' }
  }

  release(): void {
    this.#parser.release()
    this.#waiting = []
    this.#firstWaiting = 0
  }

  #replied(value: RespValue, now: number): void {
    const host = this.#host
    const waiting = this.#waiting[this.#firstWaiting]
    if (waiting === undefined) {
      const what = value instanceof RespError ? value.text : 'a reply to no command'
      return host.fail({ code: 'protocol-violation', what })
    }
    this.#firstWaiting++
    if (this.#firstWaiting === this.#waiting.length || this.#firstWaiting > 1024) {
      this.#waiting = this.#waiting.slice(this.#firstWaiting)
      this.#firstWaiting = 0
    }
    if (waiting === 'ping') host.ponged(now - this.#pingedAt)
    else if (waiting !== 'none') {
      if (value instanceof RespError) host.faulted(waiting, value.text)
      else host.replied(waiting, value)
    }
  }

  #write({ name, args }: RespCommand): void {
    const { out } = this.#host
    writeAscii(out, `*${args.length + 1}\r\n`)
    writeBulk(out, bytesOf(name))
    for (const bytes of args) writeBulk(out, bytes)
  }
}

function checkCommand(body: unknown): RespCommand {
  const { name, args } = (body ?? {}) as Partial<RespCommand>
  const isCommand =
    typeof name === 'string' &&
    name !== '' &&
    Array.isArray(args) &&
    args.every((item) => item instanceof Uint8Array)
  if (isCommand) return body as RespCommand
  throw new MillraceError('argument-invalid', "a RESP command is made by command('GET', 'key')")
}
