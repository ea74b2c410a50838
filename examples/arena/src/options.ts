/** The command line of the arena. */
import { parseArgs } from 'node:util'

export interface ArenaOptions {
  readonly seconds: number
  readonly bots: number
  readonly help: boolean
}

export const help = `A game server and its players, in two processes, over Millrace.

  npm start -- [options]        in the root of the repository
  node src/main.ts [options]    here, after a build

  --seconds N   how long the game takes, 0.1 to 86400; 15 if not given
  --bots N      how many players there are, 1 to 1000; 200 if not given
  --help        this text

Ctrl-C ends the game early, with the summary so far. Without a terminal one line a second is printed.
NO_COLOR=1 turns colors off.`

const known = ['--seconds N', '--bots N', '--help']

/** Throws an error with a message of one sentence for the user. */
export function parseOptions(words: readonly string[]): ArenaOptions {
  const { tokens } = parseArgs({
    args: [...words],
    options: { seconds: { type: 'string' }, bots: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
    strict: false,
    tokens: true,
  })
  const options = { seconds: 15, bots: 200, help: false }
  for (const token of tokens) {
    if (token.kind === 'option-terminator') continue
    const word = token.kind === 'option' ? token.rawName : token.value
    if (token.kind !== 'option') throw new Error(`unknown argument '${word}'; there are ${known.join(', ')}`)
    if (token.name === 'help') options.help = true
    else if (token.name === 'seconds') options.seconds = numberIn(word, token.value, 0.1, 86_400, 'any')
    else if (token.name === 'bots') options.bots = numberIn(word, token.value, 1, 1000, 'whole')
    else throw new Error(`unknown option '${word}'; there are ${known.join(', ')}`)
  }
  return options
}

function numberIn(
  name: string,
  text: string | undefined,
  min: number,
  max: number,
  kind: 'any' | 'whole',
): number {
  const value = Number(text)
  const isRight = text !== undefined && text.trim() !== '' && value >= min && value <= max
  if (isRight && (kind === 'any' || Number.isInteger(value))) return value
  const wanted = `a ${kind === 'whole' ? 'whole ' : ''}number from ${min} to ${max}`
  throw new Error(`${name} wants ${wanted}; got ${text === undefined ? 'nothing' : `'${text}'`}`)
}
