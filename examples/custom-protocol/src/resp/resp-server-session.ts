import { type CloseReason, MillraceError } from 'millrace'
import type { Goodbye, SessionHost, StreamSession } from 'millrace/extend'
import { AnswerQueue } from './answer-queue.ts'
import { CommandParser } from './command-parser.ts'
import { greet } from './greeting.ts'
import { commandNumber, pushNumber } from './resp-keys.ts'
import type { RespLimits } from './resp-limits.ts'
import { checkValue, noReply, ok, RespError, type RespReply, type RespVersion } from './resp-value.ts'
import { writePush, writeValue } from './resp-writer.ts'

/** A reply that waits for its turn. */
interface Answer {
  readonly reply: RespReply
  /** The encoding changes before this reply is written. */
  readonly version?: RespVersion
  /** The channel ends behind this reply. */
  readonly end?: 'quit' | 'violation'
}

/**
 * The server's side of a RESP channel: commands in, replies out. Knows no command but `HELLO` and `QUIT`.
 *
 * A reply is encoded when all before it have been written: so a `HELLO 3` in the middle of the stream changes the encoding
 * behind it and of nothing before it, also when handlers answer late.
 */
export class RespServerSession implements StreamSession {
  readonly #host: SessionHost
  readonly #limits: RespLimits
  readonly #parser: CommandParser
  readonly #answers = new AnswerQueue<Answer>()
  #isOpen = false
  #version: RespVersion = 2
  /** The last command was read: what comes behind it is ignored. */
  #isLast = false

  constructor(host: SessionHost, limits: RespLimits) {
    this.#host = host
    this.#limits = limits
    this.#parser = new CommandParser(limits)
  }

  get stored(): number {
    return this.#parser.stored
  }

  get isHolding(): boolean {
    return this.#answers.count >= this.#limits.unansweredMax
  }

  /** RESP has no hello: a client may speak as soon as the program admits it. */
  start(): void {
    this.#open()
  }

  receive(chunk: Uint8Array): void {
    if (!this.#isLast) this.#parser.receive(chunk)
  }

  process(): void {
    if (!this.#isOpen) this.#open()
    if (!this.#isOpen) return
    const host = this.#host
    const parser = this.#parser
    while (host.mayDeliver && !this.#isLast && !this.isHolding && (host.allowance > 0 || host.refill())) {
      if (!parser.next()) break
      const id = this.#answers.ask()
      const { name, args } = parser
      host.allowance -= args.reduce((size, argument) => size + argument.length, 60)
      if (name === 'HELLO') this.#answer(id, greet(args, this.#version))
      else if (name === 'QUIT') this.#finish(id, { reply: ok, end: 'quit' })
      else host.requested(id, commandNumber, { name, args })
    }
    const { violation } = parser
    if (violation === undefined || this.#isLast) return
    const reply = new RespError(`ERR Protocol error: ${violation}`)
    this.#finish(this.#answers.ask(), { reply, end: 'violation' })
  }

  encode(number: number, body: unknown): void {
    if (number !== pushNumber) {
      throw new MillraceError('unsupported', 'a RESP server sends no commands; it answers them, and may push')
    }
    if (!Array.isArray(body)) throw new MillraceError('argument-invalid', 'a push is an array of RESP values')
    checkValue(body)
    writePush(this.#host.out, body, this.#version)
  }

  encodeReply(id: number, _number: number, body: unknown): void {
    if (body !== noReply) checkValue(body)
    this.#answer(id, { reply: body as RespReply })
  }

  encodeFault(id: number, text: string): void {
    // Every error begins with a code in capitals.
    const isCoded = /^[A-Z]+ /.test(text)
    this.#answer(id, { reply: new RespError(isCoded ? text : `ERR ${text}`) })
  }

  goodbye({ code }: Goodbye): void {
    if (code === 'channel-limit') {
      writeValue(this.#host.out, new RespError('ERR max number of clients reached'), this.#version)
    }
  }

  linkEnded(): CloseReason {
    // Clients just hang up. In the middle of a command it was no decision of theirs.
    return this.stored > 0
      ? { code: 'link-ended' }
      : { code: 'closed', by: 'remote', why: 'closed', appCode: 0, text: '' }
  }

  release(): void {
    this.#isLast = true
    this.#parser.release()
    this.#answers.clear()
  }

  /** The program may take its time: it is asked again in a later turn. */
  #open(): void {
    if (this.#host.admit() !== 'yes') return
    this.#isOpen = true
    this.#host.opened()
  }

  #finish(id: number, answer: Answer): void {
    this.#isLast = true
    this.#answer(id, answer)
  }

  #answer(id: number, answer: Answer): void {
    const wasHolding = this.isHolding
    this.#answers.answer(id, answer)
    for (let next = this.#answers.take(); next !== undefined; next = this.#answers.take()) this.#write(next)
    if (wasHolding && !this.isHolding) this.#host.wake()
  }

  #write({ reply, version, end }: Answer): void {
    if (version !== undefined) this.#version = version
    if (reply !== noReply) writeValue(this.#host.out, reply, this.#version)
    if (end === 'quit') this.#host.farewell({ code: 'closed', appCode: 0, text: 'QUIT' })
    else if (end === 'violation') {
      this.#host.fail({ code: 'protocol-violation', what: String(reply) })
    }
  }
}
