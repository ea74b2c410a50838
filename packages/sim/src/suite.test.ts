import { transportSuite } from '@millrace/testkit'
import { afterAll, beforeAll, describe } from 'vitest'
import { type Net, World } from './index.ts'

/** The suite waits for promises as they come; so time has to pass beside it. Returns what ends that. */
function passTime(world: World): () => Promise<void> {
  let isOver = false
  const passing = (async () => {
    while (!isOver) await world.run(5)
  })()
  return () => {
    isOver = true
    return passing
  }
}

describe.each<[name: string, net: Net]>([
  ['nothing takes time', 'none'],
  [
    'everything happens',
    {
      delayMs: [0, 3],
      loss: 0.05,
      duplication: 0.05,
      reorder: 0.1,
      reorderMs: [1, 5],
      corruption: 0.02,
      replay: 0.05,
    },
  ],
  [
    'everything happens but corruption',
    { delayMs: [0, 3], loss: 0.05, duplication: 0.05, reorder: 0.1, reorderMs: [1, 5], replay: 0.05 },
  ],
  ['it is narrow', { delayMs: 1, bytesPerSecond: 20_000_000, queueBytes: 30_000 }],
])('where %s', (name, net) => {
  const world = new World({ seed: 7, net })
  const host = world.host('server')
  const other = world.host('player')
  let stop: () => Promise<void>
  beforeAll(() => {
    stop = passTime(world)
  })
  afterAll(async () => {
    await stop()
    await world.end()
  })
  /** One object both listens and connects: it listens on one host and connects from another. */
  const over = (transport: 'tcp' | 'udp') => () => {
    const [near, far] = [host[transport](), other[transport]()]
    return {
      ...near,
      create: () => {
        const listening = near.create(host.platform)
        const connecting = far.create(other.platform)
        if (listening.carries !== 'bytes' || connecting.carries !== 'bytes') throw new Error(name)
        return {
          carries: 'bytes' as const,
          listen: listening.listen.bind(listening),
          connect: connecting.connect.bind(connecting),
        }
      },
    }
  }
  let count = 0
  transportSuite(
    'ipc',
    () => host.ipc(),
    () => ({ path: `/tmp/game-${++count}.sock` }),
    host.platform,
  )
  transportSuite('tcp', over('tcp'), () => ({ host: 'server', port: 0 }), host.platform)
  // What is changed on the way is found out where packets are sealed, and by no test of bare links.
  if (name !== 'everything happens')
    transportSuite('udp', over('udp'), () => ({ host: 'server', port: 0 }), host.platform)
})
