/** The sending process of a row: measures messages, round trips and handshakes. */
import { createHistogram } from 'node:perf_hooks'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Channel, describeReason, type Pipe } from 'millrace'
import { serve } from './child.ts'
import { type Messages, type Payload, payloadOf } from './contract.ts'
import { type Place, pipeTo } from './place.ts'
import type { Bound, Side } from './receiver.ts'

/** What one row does in one round. */
export interface Measurement {
  readonly messages: number
  readonly messagesPerSecond: number
  readonly senderMicrosecondsPerMessage: number
  readonly receiverMicrosecondsPerMessage: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly handshakes: number
  readonly handshakesPerSecond: number
}

interface Row {
  readonly channel: Channel<Messages>
  readonly handshakes: Pipe<Messages>
  readonly payload: Payload
  /** What to do when a message comes back. */
  returned: () => void
}

/** What is proven of a row before it is measured. */
export interface Proof {
  /** Of the messages, and of the handshakes. Undefined: nothing is encrypted. */
  readonly suites: Bound<string | undefined>
  /** The key that the receiver has proven in a handshake. */
  readonly peerKey: Uint8Array | undefined
}

interface Opening extends Side {
  readonly name: string
  readonly size: number
  readonly places: Bound<Place>
}

/** So many messages are sent between two looks at the clock. */
const batchCount = 64
/** Channels that open at the same time, so that both processes have something to do. */
const openingCount = 8
/** Channels a round at most: a closed tcp connection keeps its port for a minute, and a machine has 28,000 or less. */
const handshakeCountMax = 200

const rows = new Map<string, Row>()

const tasks = {
  /** Opens the channel of a row, and tries its handshake once. */
  async open({ name, size, backEnd, settings, places }: Opening): Promise<Proof> {
    const channel = await pipeTo(places.messages, backEnd, settings.messages).open()
    const handshakes = pipeTo(places.handshakes, backEnd, settings.handshakes)
    const row: Row = { channel, handshakes, payload: payloadOf(size), returned: () => {} }
    row.payload.onReturn(channel, () => row.returned())
    rows.set(name, row)
    const tried = await handshakes.open()
    const { suite, peerKey } = tried.encryption ?? {}
    await tried.close()
    return { suites: { messages: channel.encryption?.suite, handshakes: suite }, peerKey }
  },

  async measure({ name, seconds }: { name: string; seconds: number }): Promise<Measurement> {
    const row = rows.get(name)
    if (row === undefined) throw new Error(`no row ${name} is open`)
    const flooded = await flood(row, seconds * 0.5)
    const roundTrips = await pingPong(row, seconds * 0.25)
    return { ...flooded, ...roundTrips, ...(await openMany(row, seconds * 0.25)) }
  },
}

export type SenderTasks = typeof tasks

serve(tasks)

/** Sends as many messages as the receiver takes for so many seconds. Ends when the receiver has counted all of them. */
async function flood({ channel, payload }: Row, seconds: number) {
  const before = await mark(channel)
  const cpu = process.cpuUsage()
  const startedAt = performance.now()
  const endAt = startedAt + seconds * 1000
  do {
    for (let sent = 0; sent < batchCount; ) {
      const result = payload.send(channel)
      if (result === 'queued') sent++
      else if (result === 'closed') throw endedError(channel)
      // Full: the receiver is behind. The message was not taken, and is sent again when there is room.
      else await channel.drained()
    }
  } while (performance.now() < endAt)
  const after = await mark(channel)
  const { user, system } = process.cpuUsage(cpu)
  const messages = after.messages - before.messages
  return {
    messages,
    messagesPerSecond: messages / ((performance.now() - startedAt) / 1000),
    senderMicrosecondsPerMessage: (user + system) / messages,
    receiverMicrosecondsPerMessage: (after.cpuMicroseconds - before.cpuMicroseconds) / messages,
  }
}

/** Sends one message, waits until it is back, sends the next: for so many seconds. */
async function pingPong(row: Row, seconds: number) {
  const { channel, payload } = row
  await mark(channel, 'echo')
  const nanoseconds = createHistogram()
  const endAt = performance.now() + seconds * 1000
  await new Promise<void>((resolve, reject) => {
    let sentAt = 0
    const next = () => {
      sentAt = performance.now()
      if (payload.send(channel) === 'closed') reject(endedError(channel))
    }
    row.returned = () => {
      const now = performance.now()
      nanoseconds.record(Math.max(1, Math.round((now - sentAt) * 1e6)))
      if (now < endAt) next()
      else resolve()
    }
    next()
  })
  await mark(channel)
  return { p50Ms: nanoseconds.percentile(50) / 1e6, p99Ms: nanoseconds.percentile(99) / 1e6 }
}

/**
 * Opens channels, several at a time, for so many seconds, and keeps them all until the clock has stopped: closing is not counted.
 * Ends when the receiver has accepted every one of them.
 */
async function openMany({ channel, handshakes }: Row, seconds: number) {
  const before = await mark(channel)
  const startedAt = performance.now()
  const endAt = startedAt + seconds * 1000
  const channels: Channel<Messages>[] = []
  let begun = 0
  const openOneByOne = async () => {
    do {
      begun++
      channels.push(await handshakes.open())
    } while (begun < handshakeCountMax && performance.now() < endAt)
  }
  await Promise.all(Array.from({ length: openingCount }, openOneByOne))
  while ((await mark(channel)).accepted - before.accepted < begun) await nextTurn()
  const elapsed = (performance.now() - startedAt) / 1000
  await Promise.all(channels.map((one) => one.close()))
  return { handshakes: begun, handshakesPerSecond: begun / elapsed }
}

/** Asks what the receiver counted so far. A full channel takes no request: it comes behind what waits already. */
async function mark(channel: Channel<Messages>, mode: 'count' | 'echo' = 'count') {
  await channel.drained()
  return channel.request('mark', { echo: mode === 'echo' }, { timeoutMs: 60_000 })
}

function endedError({ reason }: Channel<Messages>): Error {
  return new Error(`the channel ended: ${reason === undefined ? 'closing' : describeReason(reason)}`)
}
