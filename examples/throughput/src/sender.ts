/** The sending side: the two measurements, on a channel that is open. */
import { createHistogram } from 'node:perf_hooks'
import { type Channel, describeReason } from 'millrace'
import type { Throughput } from './contract.ts'
import type { Payload } from './payload.ts'
import { cpuMicroseconds } from './receiver.ts'

export interface Flood {
  readonly messages: number
  readonly seconds: number
  /** Bytes that left, with frames; 0 if nothing is encoded. */
  readonly wireBytes: number
  /** How often the channel was full and the sender waited. */
  readonly waits: number
  readonly senderCpuMicroseconds: number
  readonly receiverCpuMicroseconds: number
}

export interface RoundTrips {
  readonly count: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly p999Ms: number
}

/** So many messages are sent between two looks at the clock. */
const batchCount = 64
const markTimeoutMs = 60_000

/** Sends as many messages as the receiver takes for so many seconds. Ends when the receiver has counted all of them. */
export async function flood(channel: Channel<Throughput>, payload: Payload, seconds: number): Promise<Flood> {
  const before = await mark(channel)
  const { bytesOut } = channel.statistics()
  const cpu = cpuMicroseconds()
  const startedAt = performance.now()
  const endAt = startedAt + seconds * 1000
  let waits = 0
  do {
    for (let sent = 0; sent < batchCount; ) {
      const result = payload.send(channel)
      if (result === 'queued') sent++
      else if (result === 'closed') throw endedError(channel)
      else {
        // Full: the receiver is behind. The message was not taken, and is sent again when there is room.
        waits++
        await channel.drained()
      }
    }
  } while (performance.now() < endAt)
  const after = await mark(channel)
  return {
    messages: after.messages - before.messages,
    seconds: (performance.now() - startedAt) / 1000,
    wireBytes: channel.statistics().bytesOut - bytesOut,
    waits,
    senderCpuMicroseconds: cpuMicroseconds() - cpu,
    receiverCpuMicroseconds: after.cpuMicroseconds - before.cpuMicroseconds,
  }
}

/** Asks what the receiver counted so far. A full channel takes no request: it comes behind what waits already. */
async function mark(channel: Channel<Throughput>) {
  await channel.drained()
  return channel.request('mark', {}, { timeoutMs: markTimeoutMs })
}

/** Sends one message, waits until it is back, sends the next: for so many seconds. */
export function pingPong(
  channel: Channel<Throughput>,
  payload: Payload,
  seconds: number,
): Promise<RoundTrips> {
  const nanoseconds = createHistogram()
  const endAt = performance.now() + seconds * 1000
  return new Promise((resolve, reject) => {
    let sentAt = 0
    const next = () => {
      sentAt = performance.now()
      if (payload.ping(channel) === 'closed') reject(endedError(channel))
    }
    payload.onPong(channel, () => {
      const now = performance.now()
      nanoseconds.record(Math.max(1, Math.round((now - sentAt) * 1e6)))
      if (now < endAt) next()
      else resolve(spread(nanoseconds))
    })
    channel.on('close', () => reject(endedError(channel)))
    next()
  })
}

function spread(nanoseconds: ReturnType<typeof createHistogram>): RoundTrips {
  return {
    count: nanoseconds.count,
    p50Ms: nanoseconds.percentile(50) / 1e6,
    p99Ms: nanoseconds.percentile(99) / 1e6,
    p999Ms: nanoseconds.percentile(99.9) / 1e6,
  }
}

function endedError({ reason }: Channel<Throughput>): Error {
  return new Error(`the channel ended: ${reason === undefined ? 'closing' : describeReason(reason)}`)
}
