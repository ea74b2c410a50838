import { randomInt } from 'node:crypto'
import { type CancelSignal, MillraceError } from '@millrace/core'
import type { Wake } from '@millrace/timer'
import { nodeLoop } from '@millrace/transports/node-platform'
import { SimError } from '../base/sim-error.ts'
import type { PathStatistics } from '../net/path.ts'
import { parseCommand, usage } from './command-options.ts'
import { openProxy } from './proxy.ts'
import type { NetemProxy, ProxyStatistics } from './proxy-options.ts'

/** Where a command prints, line by line, and what ends it. */
export interface CommandEnvironment {
  out(line: string): void
  err(line: string): void
  /** Aborted when the program is to end, as by SIGINT. */
  readonly stop: CancelSignal
}

/**
 * Runs `millrace netem` with the words that follow: a proxy, until it is stopped. Returns the exit code: 0; 1 if the system refused something, such as an address that
 * is in use; 2 if the words were wrong.
 */
export async function runNetem(
  args: readonly string[],
  { out, err, stop }: CommandEnvironment,
): Promise<0 | 1 | 2> {
  try {
    const command = parseCommand(args, () => randomInt(2 ** 31))
    if (command === undefined) {
      out(usage)
      return 0
    }
    const { proxy: options, statsMs } = command
    const told = new Set<string>()
    const proxy = await openProxy({
      ...options,
      onFailure: (error) => {
        const text = textOf(error)
        // Each kind once: of a server that is down, every packet tells.
        if (told.size >= failuresMax || told.has(text)) return
        told.add(text)
        err(text)
      },
    })
    out(`listening at ${proxy.address}, to ${options.to}, seed ${options.seed}`)
    const report = new Report(proxy, out)
    const every = statsMs === undefined ? undefined : repeated(statsMs, () => report.interval())
    await stopped(stop)
    every?.cancel()
    report.total()
    await proxy.close()
    return 0
  } catch (error) {
    err(textOf(error))
    const isWrong = error instanceof SimError || error instanceof MillraceError
    if (isWrong) err('millrace netem --help says what there is')
    return isWrong ? 2 : 1
  }
}

/** So many kinds of failures are printed. */
const failuresMax = 20

function textOf(error: unknown): string {
  return `millrace netem: ${error instanceof Error ? error.message : String(error)}`
}

function stopped(stop: CancelSignal): Promise<void> {
  return new Promise((resolve) => {
    if (stop.aborted) resolve()
    else stop.addEventListener('abort', () => resolve(), { once: true })
  })
}

function repeated(ms: number, run: () => void): Wake {
  let wake: Wake
  const set = () => {
    wake = nodeLoop.wakeAt(nodeLoop.now() + ms, () => {
      run()
      set()
    })
  }
  set()
  return { cancel: () => wake.cancel() }
}

/** Says in lines what a proxy did: since the last one, and all in all. */
class Report {
  readonly #proxy: NetemProxy
  readonly #out: (line: string) => void
  #last: ProxyStatistics

  constructor(proxy: NetemProxy, out: (line: string) => void) {
    this.#proxy = proxy
    this.#out = out
    this.#last = proxy.statistics()
  }

  interval(): void {
    const now = this.#proxy.statistics()
    const there = linesOf(now.toServer, this.#last.toServer)
    const back = linesOf(now.toClients, this.#last.toClients)
    this.#out(`${clientsIn(now)}; to the server ${there}; to clients ${back}`)
    this.#last = now
  }

  total(): void {
    const all = this.#proxy.statistics()
    const { clientsSeen, toServer, toClients } = all
    this.#out(
      `${clientsSeen} clients in all; to the server ${linesOf(toServer)}; to clients ${linesOf(toClients)}`,
    )
  }
}

function clientsIn({ clients, refused, unreachable }: ProxyStatistics): string {
  const trouble = [...some(refused, 'refused'), ...some(unreachable, 'unreachable')]
  return [`${clients} clients`, ...trouble].join(', ')
}

function linesOf(now: PathStatistics, before?: PathStatistics): string {
  const since = (name: keyof PathStatistics) => now[name] - (before?.[name] ?? 0)
  return [
    `${since('sent')} packets of ${since('sentBytes')} bytes`,
    ...some(since('lost'), 'lost'),
    ...some(since('overflowed'), 'overflowed'),
    ...some(since('tooLarge'), 'too large'),
    ...some(since('duplicated'), 'doubled'),
    ...some(since('reordered'), 'held back'),
    ...some(since('corrupted'), 'corrupted'),
    ...some(since('replayed'), 'replayed'),
    ...some(since('clogged'), 'clogs'),
  ].join(', ')
}

function some(count: number, word: string): string[] {
  return count === 0 ? [] : [`${count} ${word}`]
}
