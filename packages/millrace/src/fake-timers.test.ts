import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type GameChannel, type GamePipe, gameFactory, portOf } from '../fixtures/tcp-pair.ts'
import { nodeLoop, Timer } from './index.ts'

const pipes: GamePipe[] = []

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
  for (const pipe of pipes.splice(0)) pipe.destroy()
})

/** A channel over tcp or within the process; the server sells the item 1, and thinks about others for ever. */
async function shop(transport: 'tcp' | 'local'): Promise<{ server: GamePipe; channel: GameChannel }> {
  const factory = gameFactory()
  // A minute that passes at once leaves no pong the time to come.
  const options = { heartbeat: false } as const
  const create = (port: number): GamePipe => {
    const pipe =
      transport === 'tcp'
        ? factory.create('tcp', '127.0.0.1', port, 'game', options)
        : factory.create('local', 'shop', 'game')
    pipes.push(pipe)
    return pipe
  }
  const server = create(0)
  server.on('accepted', (_pipe, channel) => {
    channel.on('buy', ({ item }) => (item === 1 ? { left: 5 } : new Promise<never>(() => {})))
  })
  await server.bind()
  return { server, channel: await create(portOf(server)).open() }
}

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'fine',
    (error) => error.code,
  )

describe.each(['tcp', 'local'] as const)('with the time faked, %s', (transport) => {
  it('opens, asks, and closes, although no time passes', async () => {
    const { server, channel } = await shop(transport)
    expect(await channel.request('buy', { item: 1 })).toEqual({ left: 5 })
    expect(await channel.close('bye')).toMatchObject({ code: 'closed', text: 'bye' })
    await server.close()
    expect(server.channelCount).toBe(0)
  })

  it('lets deadlines come when the test lets time pass', async () => {
    const { channel } = await shop(transport)
    const asking = codeOf(channel.request('buy', { item: 2 }, { timeoutMs: 60_000 }))
    vi.advanceTimersByTime(59_000)
    expect(await channel.request('buy', { item: 1 })).toEqual({ left: 5 })
    let isOver = false
    void asking.then(() => {
      isOver = true
    })
    await channel.request('buy', { item: 1 })
    expect(isOver).toBe(false)
    vi.advanceTimersByTime(1001)
    expect(await asking).toBe('request-timeout')
  })

  it('goes on when the real time is back, and when it is faked in the middle', async () => {
    vi.useRealTimers()
    const { channel } = await shop(transport)
    const before = codeOf(channel.request('buy', { item: 2 }, { timeoutMs: 60_000 }))
    vi.useFakeTimers()
    const faked = codeOf(channel.request('buy', { item: 2 }, { timeoutMs: 30_000 }))
    expect(await channel.request('buy', { item: 1 })).toEqual({ left: 5 })
    vi.advanceTimersByTime(30_001)
    expect(await faked).toBe('request-timeout')
    vi.advanceTimersByTime(30_000)
    expect(await before).toBe('request-timeout')
    const after = codeOf(channel.request('buy', { item: 2 }, { timeoutMs: 20 }))
    vi.useRealTimers()
    expect(await channel.request('buy', { item: 1 })).toEqual({ left: 5 })
    expect(await after).toBe('request-timeout')
  })
})

describe('the time of nodeLoop', () => {
  it('goes on from where it was, whichever clock is the next', () => {
    vi.useRealTimers()
    const real = nodeLoop.now()
    vi.useFakeTimers()
    const faked = nodeLoop.now()
    expect(faked).toBeGreaterThanOrEqual(real)
    vi.advanceTimersByTime(3_600_000)
    expect(nodeLoop.now()).toBe(faked + 3_600_000)
    vi.useRealTimers()
    expect(nodeLoop.now()).toBeGreaterThanOrEqual(faked + 3_600_000)
  })

  it('moves timers of the game, too, and cancels those of another clock', () => {
    vi.useRealTimers()
    const timer = new Timer(nodeLoop)
    const heard: string[] = []
    timer.once('early', () => heard.push('early'), 60_000)
    timer.once('cancelled', () => heard.push('cancelled'), 50_000)
    vi.useFakeTimers()
    timer.once('late', () => heard.push('late'), 90_000)
    timer.cancel('cancelled')
    vi.advanceTimersByTime(60_001)
    expect(heard).toEqual(['early'])
    vi.advanceTimersByTime(30_000)
    expect(heard).toEqual(['early', 'late'])
    timer.close()
    expect(vi.getTimerCount()).toBe(0)
  })
})

it('says so when it is loaded after immediates were faked', async () => {
  vi.resetModules()
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  try {
    await import('./index.ts')
    expect(warned).toHaveBeenCalledWith(
      expect.stringContaining('setImmediate was faked before millrace was loaded'),
      expect.anything(),
    )
  } finally {
    warned.mockRestore()
    vi.resetModules()
  }
})
