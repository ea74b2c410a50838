import type { Row, RowContext } from './scenario.ts'
import { channelsRow, handshakeRow } from './scenarios/encryption.ts'
import { roundTripRow } from './scenarios/rtt.ts'
import { throughputRow } from './scenarios/throughput.ts'
import type { Program } from './worker.ts'

const node = (file: string) => (): Program => ({ kind: 'node', file })

/** The ways to protect a channel, plain first, with the name of each row. */
const protections = [
  { name: 'millrace, plain', kind: 'reference', protection: 'none' },
  { name: 'millrace, AES-256-GCM', kind: 'millrace', protection: 'aes-256-gcm' },
  { name: 'millrace, ChaCha20-Poly1305', kind: 'millrace', protection: 'chacha20-poly1305' },
  { name: 'node:tls, AES-256-GCM', kind: 'peer', protection: 'tls aes-256-gcm' },
  { name: 'node:tls, ChaCha20-Poly1305', kind: 'peer', protection: 'tls chacha20-poly1305' },
] as const

/** Millrace's channels, plain, encrypted, and plain over node:tls. */
export function rows(context: RowContext): readonly Row[] {
  switch (context.case) {
    case 'messages':
      return protections.map((each) => messages(each, context.size ?? 64))
    case 'round-trips':
      return protections.map((each) => roundTrips(each, context.size ?? 64))
    case 'channels':
      return channels()
    default:
      return [
        handshakeRow({ name: 'millrace, node:crypto', kind: 'millrace', shaker: 'node' }),
        handshakeRow({
          name: 'millrace, @noble',
          kind: 'millrace',
          note: 'where there is no node:crypto',
          shaker: 'noble',
        }),
      ]
  }
}

type Each = (typeof protections)[number]

function messages({ name, kind, protection }: Each, size: number): Row {
  return throughputRow({
    name,
    kind,
    size,
    sends: 'listener',
    listener: node('millrace-sender.ts'),
    dialer: node('millrace-receiver.ts'),
    extra: { protocol: 'bits', protection },
  })
}

function roundTrips({ name, kind, protection }: Each, size: number): Row {
  return roundTripRow({
    name,
    kind,
    size,
    listener: node('millrace-echo.ts'),
    dialer: node('millrace-ping.ts'),
    extra: { protocol: 'bits', protection },
  })
}

function channels(): readonly Row[] {
  const shared = { listenerFile: 'millrace-accepting.ts', dialerFile: 'millrace-opening.ts' }
  return [
    channelsRow({
      ...shared,
      name: 'millrace, plain',
      kind: 'reference',
      note: 'the connection and the hello',
      extra: { protection: 'none' },
    }),
    channelsRow({
      ...shared,
      name: 'millrace, NNpsk0',
      kind: 'millrace',
      note: 'encryption: { key }',
      extra: { protection: 'chacha20-poly1305' },
    }),
    channelsRow({
      ...shared,
      name: 'millrace, XX',
      kind: 'millrace',
      note: "encryption: { pattern: 'XX', identity }",
      extra: { protection: 'XX' },
    }),
    channelsRow({
      ...shared,
      name: 'node:tls, ECDHE-PSK',
      kind: 'peer',
      note: 'TLS 1.2 with a shared key, which has forward secrecy as NNpsk0 has; no certificates',
      extra: { protection: 'tls chacha20-poly1305' },
    }),
  ]
}
