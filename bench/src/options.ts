import { parseArgs } from 'node:util'
import type { Effort } from './scenario.ts'

/** What the command line asked for. */
export type Options = {
  readonly task: 'run' | 'list' | 'help'
  /** Names of the scenarios to run; empty means all. */
  readonly only: readonly string[]
  readonly jsonPath: string | null
  readonly effort: Effort
}

/** Sizes in bytes that `--size sweep` stands for. */
export const sweepSizes: readonly number[] = [16, 64, 256, 1024, 16_384]

const sizeMax = 65_536

/** Thrown for a command line that can't be followed. The message says what would be right. */
export class OptionError extends Error {
  override readonly name = 'OptionError'
}

/** Reads the command line. Throws OptionError. */
export function parseOptions(args: readonly string[]): Options {
  const values = parse(args)
  const isQuick = values.quick === true
  const seconds = positive('--seconds', values.seconds, isQuick ? 0.3 : 2)
  return {
    task: values.help === true ? 'help' : values.list === true ? 'list' : 'run',
    only: (values.only ?? []).flatMap((names) => names.split(',')).filter((name) => name !== ''),
    jsonPath: values.json ?? null,
    effort: {
      measureMs: seconds * 1000,
      warmupMs: isQuick ? 200 : 500,
      roundCount: Math.ceil(positive('--rounds', values.rounds, isQuick ? 1 : 3)),
      sizes: parseSizes(values.size ?? '64'),
      broadcastChannelCount: isQuick ? 200 : 1000,
      idleConnectionCount: isQuick ? 500 : 2000,
      idleUdpChannelCount: isQuick ? 500 : 10_000,
      liveTimerCount: isQuick ? 100_000 : 1_000_000,
      mixMessageCount: isQuick ? 2000 : 20_000,
      freshPipeCount: isQuick ? 500 : 5000,
      importCount: isQuick ? 3 : 11,
    },
  }
}

/** The text of `--help`. */
export const usage = `npm run bench -- [options]

  --only NAME      run this scenario (repeat it, or separate names by commas)
  --list           print the names of the scenarios
  --seconds N      length of one measured window, for each row in each round (2)
  --rounds N       rounds; rows alternate within a round (3)
  --size LIST      message sizes in bytes for throughput and rtt: 64, or 16,64,256, or sweep (64)
  --json FILE      also write everything to one JSON file
  --quick          short windows, one round, fewer connections: shows that all works, not how fast`

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        only: { type: 'string', multiple: true },
        seconds: { type: 'string' },
        rounds: { type: 'string' },
        size: { type: 'string' },
        json: { type: 'string' },
        list: { type: 'boolean' },
        quick: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    }).values
  } catch (error) {
    throw new OptionError(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`)
  }
}

function positive(name: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise
  const value = Number(text)
  if (!(value > 0 && value <= 3600))
    throw new OptionError(`${name} takes a number above 0, at most 3600; got "${text}"`)
  return value
}

function parseSizes(text: string): readonly number[] {
  if (text === 'sweep') return sweepSizes
  const sizes = text.split(',').map(Number)
  for (const size of sizes) {
    if (!Number.isInteger(size) || size < 16 || size > sizeMax || sizeMax % size !== 0) {
      throw new OptionError(
        `--size takes powers of two from 16 to ${sizeMax} separated by commas, or sweep; got "${text}"`,
      )
    }
  }
  return sizes
}
