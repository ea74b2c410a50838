import { parseArgs } from 'node:util'
import { SimError } from '../base/sim-error.ts'
import { type ConditionOptions, type Jitter, type Span, withConditions } from '../net/conditions.ts'
import { conditionsOf, type Preset, presets } from '../net/presets.ts'
import type { ProxyOptions } from './proxy-options.ts'

/** How the command is called, for people. */
export const usage = `millrace netem: a proxy that makes a network bad, for udp and tcp

  millrace netem --listen udp://127.0.0.1:7000 --to udp://127.0.0.1:7777 --net bad-wifi

  --listen ADDRESS     where clients find it; port 0: any that is free
  --to ADDRESS         the server
  --net NAME           ${Object.keys(presets).join(', ')}; default none
what differs from that, for each packet in each direction:
  --delay 20..60       milliseconds; --jitter even, bell or long-tail: how delays lie in them
  --loss 0.02          a share, or 2%; so are the others
  --bursts chance=0.003,packets=12,ms=1000,loss=60%
  --duplication, --reorder, --corruption, --replay
  --reorder-ms 1..30   how long those are held back
  --clogs chance=0.0005,ms=100..800
  --rate 20mbit        bit, kbit, mbit or gbit a second, headers included
  --queue 256k         bytes that may wait for that; k and m are allowed
  --mtu 1400           bytes, headers included; larger packets vanish
of the proxy:
  --seed 7             for what is drawn; default: drawn and printed
  --stats 1            says what happened, every so many seconds
  --clients 1024       at most so many at once
  --idle 60            a udp client that is silent for so many seconds is forgotten`

/** What a command line asks for. */
export interface NetemCommand {
  readonly proxy: ProxyOptions & { readonly seed: number }
  /** How often statistics are printed, in milliseconds. */
  readonly statsMs: number | undefined
}

const text = { type: 'string' } as const

const options = {
  help: { type: 'boolean', short: 'h' },
  listen: text,
  to: text,
  net: text,
  delay: text,
  jitter: text,
  loss: text,
  bursts: text,
  duplication: text,
  reorder: text,
  'reorder-ms': text,
  corruption: text,
  replay: text,
  clogs: text,
  rate: text,
  queue: text,
  mtu: text,
  seed: text,
  stats: text,
  clients: text,
  idle: text,
} as const

/** Reads a command line, without the words `millrace netem`. Undefined: help was asked for. Throws `argument-invalid`. */
export function parseCommand(args: readonly string[], drawSeed: () => number): NetemCommand | undefined {
  const given = valuesOf(args)
  if (given.help) return undefined
  const { listen, to, seed, stats, clients, idle } = given
  if (listen === undefined || to === undefined)
    throw invalid(
      '--listen and --to are wanted, such as --listen udp://127.0.0.1:0 --to udp://127.0.0.1:7777',
    )
  const seconds = (name: string, value: string | undefined) =>
    value === undefined ? undefined : 1000 * numberOf(name, value, 'seconds above 0', (it) => it > 0)
  return {
    proxy: {
      listen,
      to,
      net: withConditions(conditionsOf((given.net ?? 'none') as Preset), conditionsIn(given)),
      seed:
        seed === undefined
          ? drawSeed()
          : numberOf('seed', seed, 'a whole number', (it) => Number.isSafeInteger(it)),
      clientsMax:
        clients === undefined
          ? undefined
          : numberOf(
              'clients',
              clients,
              'a whole number from 1',
              (it) => Number.isSafeInteger(it) && it >= 1,
            ),
      idleMs: seconds('idle', idle),
    },
    statsMs: seconds('stats', stats),
  }
}

type Given = ReturnType<typeof valuesOf>

function valuesOf(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values
  } catch (error) {
    throw invalid(error instanceof Error ? error.message : String(error))
  }
}

function conditionsIn(given: Given): ConditionOptions {
  const share = (name: 'loss' | 'duplication' | 'reorder' | 'corruption' | 'replay') =>
    given[name] === undefined ? undefined : shareOf(name, given[name])
  const span = (name: 'delay' | 'reorder-ms') =>
    given[name] === undefined ? undefined : spanOf(name, given[name])
  const size = (name: 'queue' | 'mtu') => (given[name] === undefined ? undefined : sizeOf(name, given[name]))
  return {
    delayMs: span('delay'),
    // Checked where all conditions are.
    jitter: given.jitter as Jitter | undefined,
    loss: share('loss'),
    bursts: given.bursts === undefined ? undefined : burstsOf(given.bursts),
    duplication: share('duplication'),
    reorder: share('reorder'),
    reorderMs: span('reorder-ms'),
    corruption: share('corruption'),
    replay: share('replay'),
    clogs: given.clogs === undefined ? undefined : clogsOf(given.clogs),
    bytesPerSecond: given.rate === undefined ? undefined : rateOf(given.rate),
    queueBytes: size('queue'),
    mtuBytes: size('mtu'),
  }
}

function burstsOf(value: string): ConditionOptions['bursts'] {
  const { chance, packets, ms, loss } = fieldsOf('bursts', value, ['chance', 'packets', 'ms', 'loss'])
  return {
    chance: chance === undefined ? undefined : shareOf('bursts', chance),
    packets:
      packets === undefined ? undefined : numberOf('bursts', packets, 'packets from 1', (it) => it >= 1),
    msMax: ms === undefined ? undefined : numberOf('bursts', ms, 'milliseconds above 0', (it) => it > 0),
    loss: loss === undefined ? undefined : shareOf('bursts', loss),
  }
}

function clogsOf(value: string): ConditionOptions['clogs'] {
  const { chance, ms } = fieldsOf('clogs', value, ['chance', 'ms'])
  return {
    chance: chance === undefined ? undefined : shareOf('clogs', chance),
    ms: ms === undefined ? undefined : spanOf('clogs', ms),
  }
}

/** Reads `chance=0.1,ms=20..60`. */
function fieldsOf<Name extends string>(option: string, value: string, names: readonly Name[]) {
  const fields: Partial<Record<Name, string>> = {}
  for (const part of value.split(',')) {
    const [, name, text] = /^([a-z]+)=(.+)$/.exec(part) ?? []
    if (!names.includes(name as Name))
      throw invalid(`--${option} takes ${names.map((each) => `${each}=…`).join(',')}; got ${value}`)
    fields[name as Name] = text
  }
  return fields
}

function shareOf(option: string, value: string): number {
  const [, digits, percent] = /^(\d*\.?\d+)(%?)$/.exec(value) ?? []
  const share = Number(digits) / (percent === '%' ? 100 : 1)
  if (share >= 0 && share <= 1) return share
  throw invalid(`--${option} takes a share from 0 to 1, such as 0.02 or 2%; got ${value}`)
}

function spanOf(option: string, value: string): Span {
  const [, from, to = from] = /^(\d*\.?\d+)(?:\.\.(\d*\.?\d+))?$/.exec(value) ?? []
  if (from !== undefined && Number(to) >= Number(from)) return [Number(from), Number(to)]
  throw invalid(`--${option} takes milliseconds, such as 20 or 20..60; got ${value}`)
}

function sizeOf(option: string, value: string): number {
  const [, digits, unit = ''] = /^(\d+)([km]?)$/i.exec(value) ?? []
  const size = Number(digits) * { '': 1, k: 1024, m: 1024 * 1024 }[unit.toLowerCase()]!
  if (size > 0) return size
  throw invalid(`--${option} takes bytes above 0, such as 64000, 256k or 1m; got ${value}`)
}

/** In bytes a second. */
function rateOf(value: string): number {
  const [, digits, unit = ''] = /^(\d*\.?\d+)([kmg]?)bit$/i.exec(value) ?? []
  const rate = (Number(digits) * { '': 1, k: 1e3, m: 1e6, g: 1e9 }[unit.toLowerCase()]!) / 8
  if (rate > 0) return rate
  throw invalid(`--rate takes bits a second, such as 500kbit, 20mbit or 1gbit; got ${value}`)
}

function numberOf(option: string, value: string, what: string, isRight: (it: number) => boolean): number {
  const number = /^-?\d*\.?\d+$/.test(value) ? Number(value) : Number.NaN
  if (isRight(number)) return number
  throw invalid(`--${option} takes ${what}; got ${value}`)
}

function invalid(message: string): SimError {
  return new SimError('argument-invalid', message)
}
