import { Random, Rig } from '@millrace/testkit'
import { Timer } from '@millrace/timer'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Driver, Runnable } from '../ports/driver.ts'

let rig: Rig
beforeEach(() => {
  rig = new Rig()
})
afterEach(() => rig.end())

/** Gives turns in the order of asking, so many a tick of 10 ms. */
class RoundRobin implements Driver {
  readonly #queue: Runnable[] = []
  readonly #budget: number
  #isStopped = false
  /** How often each was told of and had a turn, and the most that waited at once. */
  readonly told = new Map<Runnable, number>()
  readonly turns = new Map<Runnable, number>()
  longest = 0

  constructor(budget: number) {
    this.#budget = budget
    this.#tick()
  }

  ready(runnable: Runnable): void {
    expect(this.#queue, 'told once until it was processed').not.toContain(runnable)
    this.#queue.push(runnable)
    this.told.set(runnable, (this.told.get(runnable) ?? 0) + 1)
    this.longest = Math.max(this.longest, this.#queue.length)
  }

  stop(): void {
    this.#isStopped = true
  }

  #tick(): void {
    if (this.#isStopped) return
    for (const runnable of this.#queue.splice(0, this.#budget)) {
      this.turns.set(runnable, (this.turns.get(runnable) ?? 0) + 1)
      runnable.process(rig.loop.now())
    }
    rig.loop.wakeAt(rig.loop.now() + 10, () => this.#tick())
  }
}

describe('a driver', () => {
  it('serves a hundred pipes in turn, so many a tick', async () => {
    const random = new Random(20_261_126)
    const driver = new RoundRobin(7)
    const pipes = Array.from({ length: 100 }, (_, index) => {
      const pipe = rig.pipe(`server ${index}`, { drive: driver, handshakeTimeoutMs: 20_000 })
      pipe.on('accepted', (_pipe, channel) => void channel.on('ask', (n: number) => n + 1))
      return pipe
    })
    for (const pipe of pipes) await rig.until(pipe.bind())
    const clients = pipes.map((_, index) => rig.pipe(`server ${index}`, { handshakeTimeoutMs: 20_000 }))
    const channels = await rig.until(Promise.all(clients.map((client) => client.open())))
    for (let round = 0; round < 3; round++) {
      const asked = channels.filter(() => random.chance(0.5))
      const answers = await rig.until(Promise.all(asked.map((channel, n) => channel.request('ask', n))))
      expect(answers).toEqual(asked.map((_, n) => n + 1))
    }
    expect(driver.longest).toBeGreaterThan(50)
    for (const pipe of pipes) expect(driver.turns.get(pipe)).toBe(driver.told.get(pipe))
    await rig.until(Promise.all(pipes.map((pipe) => pipe.close())))
    driver.stop()
  })

  it('is told of messages, of what the program sends, and of deadlines, each once', async () => {
    const told: Runnable[] = []
    const server = rig.pipe('server', { drive: { ready: (runnable) => void told.push(runnable) } })
    await rig.until(server.bind())
    expect(told).toEqual([])
    const opening = rig.pipe().open()
    await rig.loop.advance(10)
    expect(told.splice(0)).toEqual([server])
    server.process()
    const opened = await rig.until(opening)
    const [accepted] = rig.diary(server).accepted
    expect(told).toEqual([])

    for (let n = 0; n < 5; n++) {
      opened.send('n', n)
      await rig.loop.settle()
    }
    expect(told.splice(0)).toEqual([server])
    server.process()
    accepted.send('n', 1)
    accepted.send('n', 2)
    expect(told.splice(0)).toEqual([server])
    server.process()
    accepted.setHeartbeat(100, 300)
    server.process()
    expect(server.nextDeadline()).toBeLessThanOrEqual(rig.loop.now() + 100)
    await rig.loop.advance(150)
    expect(told.splice(0)).toEqual([server])
    expect(opened.statistics().bytesIn).toBeGreaterThan(0)
  })

  it('is told of what happened while it gave no turns', async () => {
    const told: Runnable[] = []
    const server = rig.pipe('server', { drive: { ready: (runnable) => void told.push(runnable) } })
    await rig.until(server.bind())
    const opening = rig.pipe().open()
    await rig.loop.settle()
    server.process()
    await rig.until(opening)
    told.length = 0
    await rig.until(server.close())
    expect(told).toEqual([server])
    expect(rig.diary(server).closed).toEqual([])
    server.process()
    expect(rig.diary(server).closed).toHaveLength(1)
  })

  it('that gives a turn at once gets it when the loop has come round, and only one', async () => {
    const heard: string[] = []
    const server = rig.pipe('server', {
      drive: {
        ready(runnable) {
          heard.push('ready')
          runnable.process(rig.loop.now())
          runnable.process(rig.loop.now())
          heard.push('told')
        },
      },
    })
    server.on('accepted', (_pipe, channel) => void channel.on('n', (n) => void heard.push(`n ${n}`)))
    await rig.until(server.bind())
    const opened = await rig.until(rig.pipe().open())
    await rig.loop.advance(10)
    heard.length = 0
    opened.send('n', 1)
    await rig.loop.advance(10)
    expect(heard).toEqual(['ready', 'told', 'n 1'])
  })

  it('that fails is told of in the next turn that has another reason', async () => {
    let count = 0
    const server = rig.pipe('server', {
      drive: {
        ready(runnable) {
          count++
          rig.loop.wakeAt(rig.loop.now() + 1, () => runnable.process(rig.loop.now()))
          return Promise.reject(new Error('no room'))
        },
      },
    })
    await rig.until(server.bind())
    const opened = await rig.until(rig.pipe().open())
    await rig.loop.advance(1000)
    const before = count
    opened.send('n', 1)
    await rig.loop.advance(1000)
    expect(count).toBe(before + 1)
    expect(rig.diary(server).errors).toHaveLength(count)
  })

  it('that throws is told to error, and the pipe can be processed still', async () => {
    let count = 0
    const drive: Driver = {
      ready() {
        count++
        throw new Error('no room')
      },
    }
    const server = rig.pipe('server', { drive })
    await rig.until(server.bind())
    const opening = rig.pipe().open()
    await rig.loop.settle()
    expect(count).toBe(1)
    expect(rig.diary(server).errors).toEqual([])
    server.process()
    const { accepted, errors } = rig.diary(server)
    expect(accepted).toHaveLength(1)
    expect(errors[0]).toMatchObject({ code: 'handler-failed', message: expect.stringContaining('no room') })
    await rig.until(opening)
  })
})

it('gives turns to a timer as well', async () => {
  const runnable: Runnable = new Timer(rig.loop, { drive: 'manual' }).once(
    'key',
    (key) => void heard.push(key),
    50,
  )
  const heard: string[] = []
  expect(runnable.nextDeadline()).toBe(50)
  runnable.process(runnable.nextDeadline())
  expect(heard).toEqual(['key'])
})

describe('a turn', () => {
  it.each([Number.NaN, Number.POSITIVE_INFINITY, '5', 2 ** 53])('has a time; %s is none', async (now) => {
    const server = rig.pipe('server', { drive: 'manual' })
    await rig.until(server.bind())
    const opening = rig.pipe().open()
    await rig.loop.advance(10)
    const told = `the time of a turn is in milliseconds of the loop's clock; got ${now}`
    for (const turn of ['process', 'flush'] as const)
      expect(() => server[turn](now as number)).toThrow(
        expect.objectContaining({ code: 'argument-invalid', message: told }),
      )
    server.process()
    expect((await rig.until(opening)).isOpen).toBe(true)
  })
})

describe('nextDeadline()', () => {
  it('says when a turn is needed: never, at a deadline, or at once', async () => {
    const server = rig.pipe('server', { drive: 'manual' })
    expect(rig.factory.create('nowhere yet').nextDeadline()).toBe(Number.POSITIVE_INFINITY)
    expect(server.nextDeadline()).toBe(Number.POSITIVE_INFINITY)
    await rig.until(server.bind())
    const opening = rig.pipe().open()
    await rig.loop.advance(10)
    expect(server.nextDeadline()).toBe(rig.loop.now())
    server.process()
    await rig.until(opening)
    const [accepted] = rig.diary(server).accepted
    const asking = accepted.request('ask', 1, { timeoutMs: 200 }).catch(() => {})
    expect(server.nextDeadline()).toBe(rig.loop.now())
    server.process()
    const next = server.nextDeadline()
    expect(next).toBeGreaterThan(rig.loop.now())
    expect(next).toBeLessThanOrEqual(rig.loop.now() + 200)
    await rig.until(asking)
  })
})

describe('what drives a pipe', () => {
  it.each([['fast'], [{}], [5], [null]])('must be auto, manual or a driver, not %s', (drive) => {
    expect(() => rig.pipe('server', { drive: drive as never })).toThrow(
      "drive is 'auto', 'manual', or a driver with ready(); got",
    )
  })
})
