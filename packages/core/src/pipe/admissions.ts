import type { Goodbye } from '@millrace/wire'
import type { ChannelEncryption } from '../base/channel-encryption.ts'
import { type CloseWords, parseCloseWords } from '../base/close-words.ts'
import { causeText, MillraceError } from '../base/millrace-error.ts'
import type { Admission, Admit } from './pipe-options.ts'

/** How a peer has come. */
export interface ApplicantLink {
  readonly peerAddress: string | undefined
  readonly encryption: ChannelEncryption | undefined
}

/** Asks the program which channels it admits, and keeps what it has not answered yet. */
export class Admissions {
  readonly #rule: Admit
  readonly #report: (error: MillraceError) => void
  readonly #answers = new WeakMap<object, 'later' | 'yes' | Goodbye>()

  /** `report` is told what the rule throws. */
  constructor(rule: Admit, report: (error: MillraceError) => void) {
    this.#rule = rule
    this.#report = report
  }

  /** Whether `applicant` may have a channel. After `later`, `decided` is called once, and the next question gets the answer. */
  judge(
    applicant: object,
    data: Uint8Array,
    { peerAddress, encryption }: ApplicantLink,
    decided: () => void,
  ): 'yes' | 'later' | Goodbye {
    const known = this.#answers.get(applicant)
    if (known !== undefined) return known
    try {
      const answer = this.#rule(data, peerAddress, encryption)
      if (!isPending(answer)) return goodbyeFor(answer)
      this.#answers.set(applicant, 'later')
      void this.#wait(applicant, answer, decided)
      return 'later'
    } catch (error) {
      this.#failed(error)
      return goodbyeFor(false)
    }
  }

  async #wait(applicant: object, answer: PromiseLike<Admission>, decided: () => void): Promise<void> {
    try {
      this.#answers.set(applicant, goodbyeFor(await answer))
    } catch (error) {
      this.#failed(error)
      this.#answers.set(applicant, goodbyeFor(false))
    }
    decided()
  }

  #failed(cause: unknown): void {
    const text = `the function 'admit' failed: ${causeText(cause)}`
    this.#report(new MillraceError('handler-failed', text, { cause }))
  }
}

function isPending(answer: Admission | PromiseLike<Admission>): answer is PromiseLike<Admission> {
  return typeof (answer as PromiseLike<Admission> | undefined)?.then === 'function'
}

/** Only `true` admits: a rule that returns nothing refuses every peer. */
function goodbyeFor(answer: Admission): 'yes' | Goodbye {
  if (answer === true) return 'yes'
  const words: CloseWords = typeof answer === 'boolean' || answer === undefined ? '' : answer
  return { code: 'not-admitted', ...parseCloseWords(words) }
}
