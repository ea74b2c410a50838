/** What a run of the swarm holds its program to. The names stand in reports. */
export const ruleNames = [
  // What arrives.
  'in order, all of it',
  'once, all of it',
  'never an older one',
  'never twice',
  'as it was sent',
  'closed in order, all of it',
  'in time',
  'well after healing',
  'well after silence',
  // Requests.
  'a request comes once',
  'a request ends',
  'a reply is to its request',
  // Channels.
  'no honest peer is cut',
  'an error is one that networks cause',
  'a channel opens once',
  'one close',
  'no channel without leave',
  'runs to its end',
  // Bytes.
  'bytes stay within their accounts',
  'accounts add up',
  'accounts are empty in the end',
  'what is counted was sent',
  'a budget leaves at once',
  'the latest is made when it can leave',
  'nothing is left',
  // On the wire.
  'no nonce twice',
  'nothing in clear',
  'nothing before leave',
  'no connection without proof',
  'no more than came from there',
  'a narrow way is not flooded',
  'packets are spread over time',
] as const

/** The name of a rule. */
export type RuleName = (typeof ruleNames)[number]

/** Counts how often each rule was asked for, so that one that never is can be told from one that always holds. */
export class Rules {
  /** How often each was looked at, by name. */
  readonly asked = new Map<RuleName, number>()
  readonly #fault: (text: string) => void

  constructor(fault: (text: string) => void) {
    this.#fault = fault
  }

  /** Looks at a rule once: it is a fault if it doesn't hold. */
  hold(rule: RuleName, isSo: boolean, text: () => string): void {
    this.asked.set(rule, (this.asked.get(rule) ?? 0) + 1)
    if (!isSo) this.#fault(`'${rule}': ${text()}`)
  }
}
