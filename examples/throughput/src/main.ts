/**
 * Measures how many messages a second go from this process, the sender, to another one, the receiver, and how long a
 * message takes there and back. `--help` says more.
 */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { figuresOf, tableOf } from './figures.ts'
import { help, parseOptions, type ThroughputOptions } from './options.ts'
import { payloadOf } from './payload.ts'
import { type Place, pipeTo } from './place.ts'
import { type ReceiverHandle, startReceiver } from './receiver-handle.ts'
import { flood, pingPong } from './sender.ts'

const exitCodes = { failed: 1, usage: 2, interrupted: 130 } as const
/** The first messages are slower, until the code is compiled: they don't count. */
const warmUpShare = 0.2

async function main(): Promise<void> {
  const options = readOptions()
  if (options === undefined) return
  if (options.help) return console.log(help)
  try {
    await measure(options)
  } catch (error) {
    // After Ctrl-C it is no news that the channel ended.
    if (!isInterrupted) fail(error, exitCodes.failed)
  }
}

async function measure(options: ThroughputOptions): Promise<void> {
  const starting = startReceiver(placeFor(options))
  endBySignal(starting)
  const receiver = await starting
  const pipe = pipeTo(receiver.place)
  try {
    const channel = await pipe.open()
    const payload = payloadOf(options.size)
    await flood(channel, payload, options.seconds * warmUpShare)
    const roundTrips = await pingPong(channel, payload, options.seconds)
    const figures = figuresOf(options, await flood(channel, payload, options.seconds), roundTrips)
    console.log(tableOf(figures, payload.text).join('\n'))
    if (options.output === 'json') console.log(JSON.stringify(figures))
  } finally {
    await pipe.close()
    pipe.destroy()
    await receiver.stop()
  }
}

function placeFor({ transport, protocol }: ThroughputOptions): Place {
  const name = `throughput-${process.pid}`
  const folder = process.platform === 'win32' ? '\\\\.\\pipe\\' : tmpdir()
  return { transport, protocol, port: 0, path: transport === 'ipc' ? join(folder, name) : name }
}

let isInterrupted = false

/** Ctrl-C: the receiver goes first, and takes its socket along. */
function endBySignal(starting: Promise<ReceiverHandle>): void {
  const end = async () => {
    isInterrupted = true
    await starting.then((receiver) => receiver.stop()).catch(() => {})
    process.exit(exitCodes.interrupted)
  }
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => void end())
}

function readOptions(): ThroughputOptions | undefined {
  try {
    return parseOptions(process.argv.slice(2))
  } catch (error) {
    fail(error, exitCodes.usage)
    return undefined
  }
}

function fail(error: unknown, exitCode: number): void {
  console.error(`throughput: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = exitCode
}

await main()
