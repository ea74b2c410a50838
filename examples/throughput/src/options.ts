/** The command line of the throughput example. */
import { parseArgs } from 'node:util'
import { sizeMax, sizeMin } from './contract.ts'
import { type Place, protocols, transports } from './place.ts'

export interface ThroughputOptions {
  readonly size: number
  readonly transport: Place['transport']
  readonly protocol: Place['protocol']
  readonly seconds: number
  readonly output: 'table' | 'json'
  readonly help: boolean
}

export const help = `How many messages a second go from one process to another over Millrace, and how long one takes there and back.

  node src/main.ts [options]    after a build

  --size BYTES       of a message's body, ${sizeMin} to ${sizeMax}; 64 if not given.
                     64 is a struct of typed numbers, as games send them; any other size is a field of bytes.
                     BYTES is what the body takes in bits; msgpack writes the names of the fields as well.
  --transport NAME   ${transports.join(', ')}; tcp if not given.
                     local has both ends in one process: messages pass as objects, and nothing is encoded.
  --protocol NAME    ${protocols.join(', ')}; bits if not given
  --seconds N        of each of the two phases, 0.1 to 3600; 3 if not given
  --json             prints the figures in one line of JSON as well
  --help             this text`

const known = ['--size BYTES', '--transport NAME', '--protocol NAME', '--seconds N', '--json', '--help'].join(
  ', ',
)

/** Throws an error with a message of one sentence for the user. */
export function parseOptions(words: readonly string[]): ThroughputOptions {
  const options: { -readonly [Name in keyof ThroughputOptions]: ThroughputOptions[Name] } = {
    size: 64,
    transport: 'tcp',
    protocol: 'bits',
    seconds: 3,
    output: 'table',
    help: false,
  }
  for (const token of tokensOf(words)) {
    if (token.kind === 'option-terminator') continue
    if (token.kind === 'positional') throw new Error(`unknown argument '${token.value}'; there are ${known}`)
    const { name, rawName, value } = token
    if (name === 'help') options.help = true
    else if (name === 'json') options.output = 'json'
    else if (name === 'size') options.size = numberIn(rawName, value, sizeMin, sizeMax, 'whole')
    else if (name === 'seconds') options.seconds = numberIn(rawName, value, 0.1, 3600, 'any')
    else if (name === 'transport') options.transport = oneOf(rawName, value, transports)
    else if (name === 'protocol') options.protocol = oneOf(rawName, value, protocols)
    else throw new Error(`unknown option '${rawName}'; there are ${known}`)
  }
  return options
}

function tokensOf(words: readonly string[]) {
  const { tokens } = parseArgs({
    args: [...words],
    options: {
      size: { type: 'string' },
      transport: { type: 'string' },
      protocol: { type: 'string' },
      seconds: { type: 'string' },
      json: { type: 'boolean' },
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
