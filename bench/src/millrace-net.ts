import type { Row, RowContext } from './scenario.ts'
import { goodputRow, streamRow } from './scenarios/net.ts'
import type { Program } from './worker.ts'

const node = (file: string) => (): Program => ({ kind: 'node', file })

/** Channels over udp on a path that loses packets. */
export function rows({ case: name, loss = 0 }: RowContext): readonly Row[] {
  if (name.startsWith('bulk'))
    return [
      goodputRow({
        name: 'millrace bits',
        kind: 'millrace',
        note: 'object to object, reliable and in order',
        loss,
        listener: node('millrace-receiver.ts'),
        dialer: node('millrace-sender.ts'),
        extra: { protocol: 'bits', transport: 'udp', packetSizeMax: 1472 },
      }),
    ]
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
  ]
}
