/** The command line of the arena. */
import { parseArgs } from 'node:util'
import { type Preset, presets } from '@millrace/sim'
import { type Setup, transports } from './setup.ts'

export interface ArenaOptions extends Pick<Setup, 'transport' | 'net' | 'bots'> {
  readonly seconds: number
  /** Undefined: any. */
  readonly seed: number | undefined
  readonly help: boolean
}

const nets = Object.keys(presets) as Preset[]

export const help = `A game server and its players, in two processes, over Millrace.

  npm start -- [options]        in the root of the repository
  node src/main.ts [options]    here, after a build

  --seconds N        how long the game takes, 0.1 to 86400; 15 if not given
  --bots N           how many players there are, 1 to 1000; 200 if not given
  --transport NAME   ${transports.join(', ')}; tcp if not given
  --net NAME         over udp, what lies between the players and the server, in a process of its own:
                     ${nets.join(', ')}; none if not given
  --seed N           of the world, the players and the network, 0 to 4294967295; any if not given
  --help             this text

Ctrl-C ends the game early, with the summary so far. Without a terminal one line a second is printed.
NO_COLOR=1 turns colors off.`

const known = ['--seconds N', '--bots N', '--transport NAME', '--net NAME', '--seed N', '--help'].join(', ')

/** Throws an error with a message of one sentence for the user. */
export function parseOptions(words: readonly string[]): ArenaOptions {
  const options: { -readonly [Name in keyof ArenaOptions]: ArenaOptions[Name] } = {
    seconds: 15,
    bots: 200,
    transport: 'tcp',
    net: 'none',
    seed: undefined,
    help: false,
  }
  for (const token of tokensOf(words)) {
    if (token.kind === 'option-terminator') continue
    if (token.kind === 'positional') throw new Error(`unknown argument '${token.value}'; there are ${known}`)
    const { name, rawName, value } = token
    if (name === 'help') options.help = true
    else if (name === 'seconds') options.seconds = numberIn(rawName, value, 0.1, 86_400, 'any')
    else if (name === 'bots') options.bots = numberIn(rawName, value, 1, 1000, 'whole')
    else if (name === 'transport') options.transport = oneOf(rawName, value, transports)
    else if (name === 'net') options.net = oneOf(rawName, value, nets)
    else if (name === 'seed') options.seed = numberIn(rawName, value, 0, 2 ** 32 - 1, 'whole')
    else throw new Error(`unknown option '${rawName}'; there are ${known}`)
  }
  if (options.net !== 'none' && options.transport !== 'udp')
    throw new Error(`--net is for --transport udp; the transport is ${options.transport}`)
  return options
}

/** How the players reach the server, in words. */
export function wayOf({ transport, net }: Pick<Setup, 'transport' | 'net'>): string {
  return net === 'none' ? `${transport} and bits` : `${transport} and bits through ${net}`
}

function tokensOf(words: readonly string[]) {
  const { tokens } = parseArgs({
    args: [...words],
    options: {
      seconds: { type: 'string' },
      bots: { type: 'string' },
      transport: { type: 'string' },
      net: { type: 'string' },
      seed: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
    strict: false,
    tokens: true,
  })
  return tokens
}

function oneOf<const Name extends string>(
  option: string,
  text: string | undefined,
  names: readonly Name[],
): Name {
  const name = names.find((one) => one === text)
  if (name !== undefined) return name
  throw new Error(`${option} wants one of ${names.join(', ')}; got ${quoted(text)}`)
}

function numberIn(
  option: string,
  text: string | undefined,
  min: number,
  max: number,
  kind: 'any' | 'whole',
): number {
  const value = Number(text)
  const isRight = text !== undefined && text.trim() !== '' && value >= min && value <= max
  if (isRight && (kind === 'any' || Number.isInteger(value))) return value
  const wanted = `a ${kind === 'whole' ? 'whole ' : ''}number from ${min} to ${max}`
  throw new Error(`${option} wants ${wanted}; got ${quoted(text)}`)
}

function quoted(text: string | undefined): string {
  return text === undefined ? 'nothing' : `'${text}'`
}
