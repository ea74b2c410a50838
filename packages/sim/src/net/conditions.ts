import { SimError } from '../base/sim-error.ts'

/** From and to, both included, in milliseconds. */
export type Span = readonly [min: number, max: number]

/** How delays lie in their span. */
export type Jitter = 'even' | 'bell' | 'long-tail'

/** Losses that come together: the bad state of the model by Gilbert and Elliott. */
export interface LossBursts {
  /** The probability that one begins, for each packet. */
  readonly chance: number
  /** How many packets one lasts, on average: from 1. */
  readonly packets: number
  /** And how long at most: a program that sends little would not see its end otherwise. */
  readonly msMax: number
  /** The share of packets that are lost meanwhile. */
  readonly loss: number
}

/** Times in which a path carries nothing, and then all at once. */
export interface Clogs {
  /** The probability that one begins, for each packet. */
  readonly chance: number
  readonly ms: Span
}

/**
 * What one direction of a path does to packets. Shares and probabilities are from 0 to 1, for each packet. Streams are carried by packets, too: what
 * happens to one is for them a delay.
 */
export interface Conditions {
  /** How long a packet is on its way. Packets stay in their order; see `reorder`. */
  readonly delayMs: Span
  /** `even`: any as likely. `bell`: the middle of the span is. `long-tail`: the beginning is, and one in a hundred takes longer than the end, up to ten times. */
  readonly jitter: Jitter
  /** The share that never arrives. */
  readonly loss: number
  readonly bursts: LossBursts
  /** The share that arrives twice. */
  readonly duplication: number
  /** The share that is held back by `reorderMs` while others pass. */
  readonly reorder: number
  readonly reorderMs: Span
  /** The share in which one bit is flipped. Segments of tcp are lost then, as their checksum fails. */
  readonly corruption: number
  /** The probability that one of the last 16 packets comes again, up to 10 s later. */
  readonly replay: number
  /** How much it carries, headers included. Infinity: any amount, at once. */
  readonly bytesPerSecond: number
  /** How much may wait for that; what comes on top is lost. */
  readonly queueBytes: number
  /** Larger packets vanish without a word, headers included: a black hole. TCP sends up to 1500 bytes, and does not look for less. */
  readonly mtuBytes: number
  readonly clogs: Clogs
}

/** What a program says of conditions: the rest stays as it is. A `delayMs` of one number is always that. */
export interface ConditionOptions extends Said<Omit<Conditions, 'delayMs' | 'bursts' | 'clogs'>> {
  readonly delayMs?: number | Span | undefined
  readonly bursts?: Said<LossBursts> | undefined
  readonly clogs?: Said<Clogs> | undefined
}

type Said<Whole> = { readonly [Name in keyof Whole]?: Whole[Name] | undefined }

/** A path that does nothing: what is sent arrives at the same instant. */
export const noConditions: Conditions = {
  delayMs: [0, 0],
  jitter: 'even',
  loss: 0,
  bursts: { chance: 0, packets: 10, msMax: 1000, loss: 1 },
  duplication: 0,
  reorder: 0,
  reorderMs: [1, 30],
  corruption: 0,
  replay: 0,
  bytesPerSecond: Number.POSITIVE_INFINITY,
  queueBytes: 262_144,
  mtuBytes: 65_535,
  clogs: { chance: 0, ms: [0, 5000] },
}

/** The conditions with what `options` says of them. Throws `argument-invalid` for what is out of its range, or no condition. */
export function withConditions(base: Conditions, options: ConditionOptions): Conditions {
  const strange = Object.keys(options).find((name) => !(name in noConditions))
  if (strange !== undefined)
    throw invalid(`${strange} is none; there are ${Object.keys(noConditions).join(', ')}`)
  const { delayMs, bursts, clogs, ...rest } = options
  const conditions: Conditions = {
    ...changed(base, rest),
    delayMs: typeof delayMs === 'number' ? [delayMs, delayMs] : (delayMs ?? base.delayMs),
    bursts: changed(base.bursts, bursts ?? {}),
    clogs: changed(base.clogs, clogs ?? {}),
  }
  check(conditions)
  return conditions
}

/** Two stretches one behind the other: the access of one host, and that of the other. */
export function joined(one: Conditions, other: Conditions): Conditions {
  const either = (a: number, b: number) => 1 - (1 - a) * (1 - b)
  return {
    delayMs: [one.delayMs[0] + other.delayMs[0], one.delayMs[1] + other.delayMs[1]],
    jitter:
      one.delayMs[1] - one.delayMs[0] >= other.delayMs[1] - other.delayMs[0] ? one.jitter : other.jitter,
    loss: either(one.loss, other.loss),
    bursts: one.bursts.chance >= other.bursts.chance ? one.bursts : other.bursts,
    duplication: either(one.duplication, other.duplication),
    reorder: either(one.reorder, other.reorder),
    reorderMs: one.reorder >= other.reorder ? one.reorderMs : other.reorderMs,
    corruption: either(one.corruption, other.corruption),
    replay: either(one.replay, other.replay),
    bytesPerSecond: Math.min(one.bytesPerSecond, other.bytesPerSecond),
    queueBytes: one.bytesPerSecond <= other.bytesPerSecond ? one.queueBytes : other.queueBytes,
    mtuBytes: Math.min(one.mtuBytes, other.mtuBytes),
    clogs: one.clogs.chance >= other.clogs.chance ? one.clogs : other.clogs,
  }
}

function changed<Whole extends object>(base: Whole, said: Said<Whole>): Whole {
  const there = Object.entries(said).filter(([, value]) => value !== undefined)
  return { ...base, ...Object.fromEntries(there) }
}

function check(conditions: Conditions): void {
  const { bursts, clogs, jitter, bytesPerSecond, queueBytes, mtuBytes } = conditions
  const shares = {
    loss: conditions.loss,
    duplication: conditions.duplication,
    reorder: conditions.reorder,
    corruption: conditions.corruption,
    replay: conditions.replay,
    'bursts.chance': bursts.chance,
    'bursts.loss': bursts.loss,
    'clogs.chance': clogs.chance,
  }
  for (const [name, value] of Object.entries(shares))
    if (!(value >= 0 && value <= 1)) throw invalid(`${name} is a share from 0 to 1; got ${String(value)}`)
  const spans = { delayMs: conditions.delayMs, reorderMs: conditions.reorderMs, 'clogs.ms': clogs.ms }
  for (const [name, span] of Object.entries(spans)) checkSpan(name, span)
  if (!(bursts.packets >= 1))
    throw invalid(`bursts.packets is a number from 1; got ${String(bursts.packets)}`)
  for (const [name, value] of Object.entries({
    bytesPerSecond,
    queueBytes,
    mtuBytes,
    'bursts.msMax': bursts.msMax,
  }))
    if (!(value > 0)) throw invalid(`${name} is a number above 0; got ${String(value)}`)
  if (jitter !== 'even' && jitter !== 'bell' && jitter !== 'long-tail')
    throw invalid(`jitter is 'even', 'bell' or 'long-tail'; got ${String(jitter)}`)
}

function checkSpan(name: string, span: Span): void {
  const isSpan = Array.isArray(span) && span.length === 2 && span[0] >= 0 && span[1] >= span[0]
  if (!isSpan || span[1] === Number.POSITIVE_INFINITY)
    throw invalid(`${name} is a span of milliseconds such as [20, 60]; got ${JSON.stringify(span)}`)
}

function invalid(text: string): SimError {
  return new SimError('argument-invalid', `of the conditions of a path, ${text}`)
}
