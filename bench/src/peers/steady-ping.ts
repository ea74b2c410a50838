import { percentile } from '../statistics.ts'
import type { WindowOptions } from '../window.ts'
import { work } from '../worker-side.ts'
import { dgramSocket } from './dgram.ts'

const intervalMs = 20

/** What is not back then is lost. */
const patienceMs = 3000

/** Pings at a steady rate, raw: whether one comes back doesn't matter to the next. */
work<WindowOptions & { host: string; port: number }>(async ({ host, port, warmupMs, measureMs }, parent) => {
  const socket = await dgramSocket(undefined, '0.0.0.0')
  await new Promise<void>((resolve) => socket.connect(port, host, resolve))
  await parent.ready()
  const begin = performance.now() + warmupMs
  const end = begin + measureMs
  const took: number[] = []
  let sent = 0
  socket.on('message', (bytes) => {
    const sentAt = bytes.readDoubleLE(0)
    if (sentAt >= begin) took.push((performance.now() - sentAt) * 1e6)
  })
  for (let at = performance.now(); at < end; at += intervalMs) {
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, at - performance.now())))
    const bytes = Buffer.alloc(64)
    const now = performance.now()
    bytes.writeDoubleLE(now, 0)
    if (now >= begin) sent++
    socket.send(bytes)
  }
  await new Promise((resolve) => setTimeout(resolve, patienceMs))
  const sorted = took.sort((one, two) => one - two)
  parent.result({
    p50Ns: percentile(sorted, 0.5),
    p99Ns: percentile(sorted, 0.99),
    arrived: took.length / sent,
  })
})
