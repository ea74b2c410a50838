/** The command line of the encryption example. */
import { parseArgs } from 'node:util'
import { sizeMax, sizeMin } from './contract.ts'
import { type TransportName, transports } from './place.ts'

export interface Options {
  readonly mode: 'comparison' | 'attack' | 'help'
  readonly transport: TransportName
  readonly size: number
  readonly seconds: number
  readonly rounds: number
  readonly output: 'table' | 'json'
}

/** What the user wrote can't be done; the message is one sentence for them. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export const help = `What encryption costs over Millrace, by algorithm and by back end, and what becomes of attacks on the way.

  node src/main.ts [options]    after a build

  --attack           plays attacks between two processes instead of measuring; exit code 1 if one goes unnoticed
  --transport NAME   ${transports.join(', ')}; tcp if not given
  --size BYTES       of a message's body, ${sizeMin} to ${sizeMax}; 64 if not given.
                     64 is a struct of typed numbers, as games send them; any other size is a field of bytes.
  --seconds N        of each row in each round, 0.02 to 600; 0.5 if not given
  --rounds N         that count, 1 to 100; 5 if not given. All rows are measured once in each round.
  --json             prints one line of JSON as well
  --help             this text`

const known = '--attack, --transport NAME, --size BYTES, --seconds N, --rounds N, --json, --help'

/** Throws a UsageError. */
export function parseOptions(words: readonly string[]): Options {
  const options: { -readonly [Name in keyof Options]: Options[Name] } = {
    mode: 'comparison',
    transport: 'tcp',
    size: 64,
    seconds: 0.5,
    rounds: 5,
    output: 'table',
  }
  for (const token of tokensOf(words)) {
    if (token.kind === 'option-terminator') continue
    if (token.kind === 'positional')
      throw new UsageError(`unknown argument '${token.value}'; there are ${known}`)
    const { name, rawName, value } = token
    if (name === 'help') options.mode = 'help'
    else if (name === 'attack') options.mode = options.mode === 'help' ? 'help' : 'attack'
    else if (name === 'json') options.output = 'json'
    else if (name === 'transport') options.transport = transportOf(rawName, value)
    else if (name === 'size') options.size = numberIn(rawName, value, sizeMin, sizeMax, 'whole')
    else if (name === 'seconds') options.seconds = numberIn(rawName, value, 0.02, 600, 'any')
    else if (name === 'rounds') options.rounds = numberIn(rawName, value, 1, 100, 'whole')
    else throw new UsageError(`unknown option '${rawName}'; there are ${known}`)
  }
  return options
}

function tokensOf(words: readonly string[]) {
  const [text, flag] = [{ type: 'string' }, { type: 'boolean' }] as const
  const { tokens } = parseArgs({
    args: [...words],
    options: {
      attack: flag,
      transport: text,
      size: text,
      seconds: text,
      rounds: text,
      json: flag,
      help: { ...flag, short: 'h' },
    },
    strict: false,
    tokens: true,
  })
  return tokens
}

function transportOf(option: string, text: string | undefined): TransportName {
  const transport = transports.find((name) => name === text)
  if (transport !== undefined) return transport
  throw new UsageError(`${option} wants one of ${transports.join(', ')}; got ${quoted(text)}`)
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
  throw new UsageError(`${option} wants ${wanted}; got ${quoted(text)}`)
}

function quoted(text: string | undefined): string {
  return text === undefined ? 'nothing' : `'${text}'`
}
