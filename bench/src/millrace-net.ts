import type { Row, RowContext } from './scenario.ts'
import { goodputRow, streamRow } from './scenarios/net.ts'
import { flowsOf, queueRow, shareRow } from './scenarios/net-shared.ts'
import type { Program } from './worker.ts'

const node = (file: string) => (): Program => ({ kind: 'node', file })

/** What tcp is compared by: the kernel's most common congestion control, and the one that asks for no losses. */
const congestions = ['cubic', 'bbr'] as const

/** Channels on a path that loses packets, or that others fill. */
export function rows({ case: name, loss = 0 }: RowContext): readonly Row[] {
  if (name.startsWith('bulk')) return bulkRows(loss)
  if (name === 'full-queue') return queueRows()
  if (name === 'share') return shareRows()
  return streamRows(loss)
}

function bulkRows(loss: number): readonly Row[] {
  const kind = 'millrace'
  return [
    goodputRow({
      ...flowsOf.udp,
      name: 'millrace bits',
      kind,
      note: 'object to object, reliable and in order',
      loss,
    }),
    ...congestions.map((congestion) =>
      goodputRow({ ...flowsOf.tcp, name: `millrace bits, tcp ${congestion}`, kind, loss, congestion }),
    ),
  ]
}

function streamRows(loss: number): readonly Row[] {
  const stream = {
    kind: 'millrace',
    loss,
    listener: node('millrace-stream-receiver.ts'),
    dialer: node('millrace-stream-sender.ts'),
  } as const
  return [
    streamRow({
      ...stream,
      name: 'millrace bits, sequenced',
      extra: { delivery: 'sequenced', mtu: 1472 },
    }),
    streamRow({
      ...stream,
      name: 'millrace bits, reliable',
      extra: { delivery: 'reliable', mtu: 1472 },
    }),
    ...congestions.map((congestion) =>
      streamRow({
        ...stream,
        name: `millrace bits, tcp ${congestion}`,
        extra: { delivery: 'reliable', mtu: 1472, transport: 'tcp' },
        transport: 'tcp',
        congestion,
      }),
    ),
  ]
}

function queueRows(): readonly Row[] {
  const kind = 'millrace'
  return [
    queueRow({ name: 'millrace bits', kind, note: 'over udp', flows: [flowsOf.udp] }),
    ...congestions.map((congestion) =>
      queueRow({ name: `millrace bits, tcp ${congestion}`, kind, flows: [flowsOf.tcp], congestion }),
    ),
  ]
}

function shareRows(): readonly Row[] {
  const kind = 'millrace'
  return [
    ...congestions.map((congestion) =>
      shareRow({
        name: `millrace bits, udp beside tcp ${congestion}`,
        kind,
        flows: [flowsOf.udp, flowsOf.tcp],
        congestion,
      }),
    ),
    shareRow({ name: 'millrace bits, udp beside udp', kind, flows: [flowsOf.udp, flowsOf.udp] }),
  ]
}
