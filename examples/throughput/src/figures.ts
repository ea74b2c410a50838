/** What was measured, and how it is shown. */
import type { ThroughputOptions } from './options.ts'
import type { Flood, RoundTrips } from './sender.ts'

export interface Figures {
  readonly size: number
  readonly transport: string
  readonly protocol: string
  readonly messages: number
  readonly seconds: number
  readonly messagesPerSecond: number
  /** Of bodies, in units of 1,000,000 bytes. Null where nothing is encoded. */
  readonly megabytesPerSecond: number | null
  /** What a message takes on the wire, with its frame. */
  readonly wireBytesPerMessage: number | null
  /** Null where both sides are one process. */
  readonly senderMicrosecondsPerMessage: number | null
  readonly receiverMicrosecondsPerMessage: number | null
  readonly bothMicrosecondsPerMessage: number
  readonly waits: number
  readonly roundTrips: RoundTrips
}

export function figuresOf(
  { size, transport, protocol }: ThroughputOptions,
  flood: Flood,
  roundTrips: RoundTrips,
): Figures {
  const { messages, seconds, wireBytes, waits } = flood
  const perMessage = (total: number) => total / messages
  const isOneProcess = transport === 'local'
  const sender = perMessage(flood.senderCpuMicroseconds)
  const receiver = perMessage(flood.receiverCpuMicroseconds)
  return {
    size,
    transport,
    protocol,
    messages,
    seconds,
    messagesPerSecond: messages / seconds,
    megabytesPerSecond: isOneProcess ? null : (messages * size) / seconds / 1e6,
    wireBytesPerMessage: isOneProcess ? null : perMessage(wireBytes),
    senderMicrosecondsPerMessage: isOneProcess ? null : sender,
    receiverMicrosecondsPerMessage: isOneProcess ? null : receiver,
    bothMicrosecondsPerMessage: isOneProcess ? sender : sender + receiver,
    waits,
    roundTrips,
  }
}

/** The table, line by line. `text` says what is in a message. */
export function tableOf(figures: Figures, text: string): string[] {
  const { size, transport, protocol, seconds, roundTrips } = figures
  const rows = [
    ['messages/s', `${whole.format(figures.messagesPerSecond)}   (${whole.format(figures.messages)} in all)`],
    ['MB/s', bytesText(figures)],
    ['CPU per message', cpuText(figures)],
    [
      'round trip',
      `${time(roundTrips.p50Ms)} p50   ${time(roundTrips.p99Ms)} p99   ${time(roundTrips.p999Ms)} p99.9   (${whole.format(roundTrips.count)}, one at a time)`,
    ],
    [
      'waits',
      `${whole.format(figures.waits)}   (the channel was full, and the sender waited for the receiver)`,
    ],
  ]
  const ends = transport === 'local' ? 'both ends in one process' : 'two processes'
  return [
    `Throughput: ${transport}, ${protocol}, ${ends}, ${seconds.toFixed(1)} s`,
    `Messages of ${whole.format(size)} bytes: ${text}`,
    '',
    ...rows.map(([name, value]) => `  ${name.padEnd(18)}${value}`),
  ]
}

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const precise = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 })

function significant(value: number): string {
  return value >= 1000 ? whole.format(value) : precise.format(value)
}

function bytesText({ megabytesPerSecond, wireBytesPerMessage }: Figures): string {
  if (megabytesPerSecond === null || wireBytesPerMessage === null) return 'none: objects pass as they are'
  const wire = `a message takes ${significant(wireBytesPerMessage)} bytes on the wire`
  return `${significant(megabytesPerSecond)}   (of bodies; ${wire})`
}

function cpuText(figures: Figures): string {
  const { senderMicrosecondsPerMessage: sender, receiverMicrosecondsPerMessage: receiver } = figures
  const both = `${significant(figures.bothMicrosecondsPerMessage)} µs both together`
  if (sender === null || receiver === null) return both
  return `${significant(sender)} µs sender   ${significant(receiver)} µs receiver   ${both}`
}

function time(ms: number): string {
  return ms < 1 ? `${significant(ms * 1000)} µs` : `${significant(ms)} ms`
}
