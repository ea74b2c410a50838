import { describe, expect, it } from 'vitest'
import { Random } from '../base/random.ts'
import { TraceHash } from '../base/trace-hash.ts'
import { VirtualTime } from '../time/virtual-time.ts'
import { type ConditionOptions, joined, noConditions, withConditions } from './conditions.ts'
import type { Packet } from './packet.ts'
import { noCounts, Path } from './path.ts'
import { conditionsOf, type Preset, presets } from './presets.ts'

const headers = 28

interface Arrival {
  readonly index: number
  readonly atMs: number
  readonly bytes: Uint8Array
}

/** A path, and what came out of it: packets bear their index, the first four bytes. */
function pathOf(options: ConditionOptions, seed = 7) {
  const time = new VirtualTime()
  const arrivals: Arrival[] = []
  const conditions = withConditions(noConditions, options)
  const arrive = (packet: Packet) => {
    if (packet.kind !== 'udp') throw new Error('only datagrams were sent')
    const { bytes } = packet
    arrivals.push({ index: new DataView(bytes.buffer).getUint32(0), atMs: time.now(), bytes })
  }
  const path = new Path(
    { time, random: new Random(seed), trace: new TraceHash(), mark: 1, conditions },
    arrive,
  )
  const sent: Uint8Array[] = []
  const send = (index: number, size = 4) => {
    const bytes = new Uint8Array(size)
    new DataView(bytes.buffer).setUint32(0, index)
    sent.push(bytes)
    path.carry({ kind: 'udp', fromHost: 'a', fromPort: 1, toHost: 'b', toPort: 2, bytes }, time.now(), 'open')
  }
  /** Sends so many, one each millisecond, and waits for all. */
  const sendAll = async (count: number) => {
    for (let index = 0; index < count; index++) {
      send(index)
      await time.advance(1)
    }
    await time.advance(60_000)
  }
  return { time, path, arrivals, sent, send, sendAll }
}

const count = 4000

describe('a path', () => {
  it('carries all, in order, at once, where nothing is said', async () => {
    const { arrivals, send, time, path } = pathOf({})
    for (let index = 0; index < 100; index++) send(index)
    await time.settle()
    expect(arrivals.map(({ index }) => index)).toEqual(Array.from({ length: 100 }, (_, index) => index))
    expect(arrivals.every(({ atMs }) => atMs === 0)).toBe(true)
    expect(path.statistics()).toMatchObject({ sent: 100, arrived: 100, sentBytes: 100 * (4 + headers) })
  })

  it('takes its time, in order', async () => {
    const { arrivals, sendAll } = pathOf({ delayMs: [20, 60] })
    await sendAll(count)
    const took = arrivals.map(({ index, atMs }) => atMs - index)
    expect(Math.min(...took)).toBeGreaterThanOrEqual(20)
    expect(arrivals.map(({ index }) => index)).toEqual(Array.from({ length: count }, (_, index) => index))
    // Order is kept, so that one that takes long holds up those behind it.
    expect(Math.max(...took)).toBeLessThanOrEqual(60)
    const fixed = pathOf({ delayMs: 25 })
    await fixed.sendAll(10)
    expect(fixed.arrivals.every(({ index, atMs }) => atMs === index + 25)).toBe(true)
  })

  it.each([
    ['even', [0.08, 0.12], [0.45, 0.55], [0.88, 0.92], 1],
    ['bell', [0.26, 0.3], [0.47, 0.53], [0.7, 0.74], 1],
    ['long-tail', [0, 0.02], [0.03, 0.07], [0.2, 0.28], 10],
  ] as const)('draws delays that lie %s in their span', async (jitter, low, middle, high, most) => {
    // Each alone on its way, so that none waits for another.
    const { arrivals, send, time } = pathOf({ delayMs: [100, 200], jitter })
    const took: number[] = []
    for (let index = 0; index < count; index++) {
      const since = time.now()
      send(index)
      await time.advance(2000)
      took.push((arrivals[index].atMs - since - 100) / 100)
    }
    took.sort((a, b) => a - b)
    const within = (value: number, [min, max]: readonly [number, number]) => {
      expect(value).toBeGreaterThanOrEqual(min)
      expect(value).toBeLessThanOrEqual(max)
    }
    within(took[count * 0.1], low)
    within(took[count * 0.5], middle)
    within(took[count * 0.9], high)
    within(took[count - 1], [most === 1 ? 0.9 : 1, most])
  })

  it('loses the share that it is told', async () => {
    const { arrivals, sendAll, path } = pathOf({ loss: 0.2 })
    await sendAll(count)
    const { lost } = path.statistics()
    expect(lost / count).toBeCloseTo(0.2, 1)
    expect(arrivals.length).toBe(count - lost)
  })

  it('loses in bursts', async () => {
    const { arrivals, sendAll } = pathOf({ bursts: { chance: 0.01, packets: 10, loss: 1 } })
    await sendAll(count)
    const came = new Set(arrivals.map(({ index }) => index))
    let [runs, lost] = [0, 0]
    for (let index = 0; index < count; index++) {
      if (came.has(index)) continue
      lost++
      if (came.has(index - 1)) runs++
    }
    expect(runs).toBeGreaterThan(20)
    expect(lost / runs).toBeGreaterThan(7)
    expect(lost / runs).toBeLessThan(14)
    // Of 110 packets, 10 are in a burst.
    expect(lost / count).toBeGreaterThan(0.06)
    expect(lost / count).toBeLessThan(0.13)
  })

  it('ends a burst in time where little is sent', async () => {
    const { arrivals, send, time } = pathOf({ bursts: { chance: 0.1, packets: 1e9, msMax: 500, loss: 1 } })
    for (let index = 0; index < 200; index++) {
      send(index)
      await time.advance(400)
    }
    // Two packets a burst: the one that it begins with, and the next.
    const came = new Set(arrivals.map(({ index }) => index))
    const lost = Array.from({ length: 200 }, (_, index) => index).filter((index) => !came.has(index))
    expect(lost.length).toBeGreaterThan(10)
    expect(lost.length).toBeLessThan(70)
    expect(lost.some((index) => lost.includes(index + 1))).toBe(true)
  })

  it('ends a burst with the conditions that brought it', async () => {
    const bursts = { chance: 1, packets: 1e9, msMax: 5_000, loss: 1 }
    const { arrivals, send, time, path } = pathOf({ bursts })
    send(0)
    path.conditions = noConditions
    send(1)
    await time.advance(1)
    expect(arrivals.map(({ index }) => index)).toEqual([1])
  })

  it('doubles, and counts it', async () => {
    const { arrivals, sendAll, path } = pathOf({ duplication: 0.3, delayMs: 5 })
    await sendAll(count)
    const { duplicated } = path.statistics()
    expect(duplicated / count).toBeCloseTo(0.3, 1)
    expect(arrivals.length).toBe(count + duplicated)
  })

  it('lets others pass those that it holds back, and only those', async () => {
    const { arrivals, sendAll, path } = pathOf({ reorder: 0.1, reorderMs: [5, 20], delayMs: 10 })
    await sendAll(count)
    const held = arrivals.filter(({ index, atMs }) => atMs - index > 10)
    expect(held.length).toBe(path.statistics().reordered)
    expect(held.length / count).toBeCloseTo(0.1, 1)
    for (const { index, atMs } of held) {
      expect(atMs - index).toBeGreaterThanOrEqual(15)
      expect(atMs - index).toBeLessThanOrEqual(30)
    }
    expect(arrivals.length).toBe(count)
  })

  it('flips one bit, of a copy', async () => {
    const { arrivals, sent, sendAll, path } = pathOf({ corruption: 0.25 })
    await sendAll(count)
    const flipped = arrivals.filter(({ index }, at) => index !== at)
    expect(flipped.length).toBe(path.statistics().corrupted)
    expect(flipped.length / count).toBeCloseTo(0.25, 1)
    for (const [at, { index }] of arrivals.entries()) {
      const bits = (index ^ at) >>> 0
      expect(bits & (bits - 1)).toBe(0)
    }
    for (const [at, bytes] of sent.entries()) expect(new DataView(bytes.buffer).getUint32(0)).toBe(at)
  })

  it('brings old packets again, within ten seconds', async () => {
    const { arrivals, sendAll, path } = pathOf({ replay: 0.1 })
    await sendAll(count)
    const seen = new Set<number>()
    let again = 0
    for (const { index, atMs } of arrivals) {
      if (!seen.has(index)) {
        seen.add(index)
        continue
      }
      again++
      expect(atMs - index).toBeLessThanOrEqual(10_016)
    }
    expect(again).toBe(path.statistics().replayed)
    expect(again / count).toBeCloseTo(0.1, 1)
  })

  it('carries so many bytes a second, and drops what its queue does not hold', async () => {
    const { arrivals, send, time, path } = pathOf({ bytesPerSecond: 100_000, queueBytes: 10_000 })
    for (let index = 0; index < 50; index++) send(index, 1000 - headers)
    await time.advance(1000)
    expect(path.statistics()).toMatchObject({ overflowed: 40, arrived: 10 })
    expect(arrivals.map(({ atMs }) => atMs)).toEqual([10, 20, 30, 40, 50, 60, 70, 80, 90, 100])
    send(50, 1000 - headers)
    await time.advance(1000)
    expect(arrivals.at(-1)?.atMs).toBe(1010)
  })

  it('swallows what is larger than its MTU', async () => {
    const { arrivals, send, time, path } = pathOf({ mtuBytes: 1200 })
    send(1, 1200 - headers)
    send(2, 1201 - headers)
    await time.settle()
    expect(arrivals.map(({ index }) => index)).toEqual([1])
    expect(path.statistics().tooLarge).toBe(1)
  })

  it('counts together with others, and holds no more than all of them may', async () => {
    const time = new VirtualTime()
    const counts = noCounts()
    const conditions = withConditions(noConditions, { delayMs: 10, duplication: 1 })
    const arrived: number[] = []
    const paths = [1, 2].map(
      (which) =>
        new Path({ time, random: new Random(which), conditions, counts, underWayBytesMax: 5000 }, () =>
          arrived.push(which),
        ),
    )
    const bytes = new Uint8Array(1000 - headers)
    const send = (path: Path) =>
      path.carry(
        { kind: 'udp', fromHost: 'a', fromPort: 1, toHost: 'b', toPort: 2, bytes },
        time.now(),
        'open',
      )
    for (const path of [...paths, ...paths]) send(path)
    expect(counts).toMatchObject({ sent: 4, overflowed: 1, underWayBytes: 6000 })
    expect(paths.map(({ underWay }) => underWay)).toEqual([4, 2])
    await time.advance(10)
    expect(counts).toMatchObject({ arrived: 6, underWayBytes: 0 })
    expect(arrived).toEqual([1, 1, 2, 2, 1, 1])
    send(paths[1])
    expect(counts.overflowed).toBe(1)
  })

  it('is clogged by hand, and by chance', async () => {
    const { arrivals, send, time, path } = pathOf({ delayMs: 10 })
    send(1)
    path.clog(500)
    send(2)
    await time.advance(100)
    expect(arrivals.map(({ index }) => index)).toEqual([1])
    send(3)
    await time.advance(1000)
    expect(arrivals.map(({ index, atMs }) => [index, atMs])).toEqual([
      [1, 10],
      [2, 500],
      [3, 500],
    ])
    path.clog(500)
    path.unclog()
    send(4)
    await time.advance(10)
    expect(arrivals.length).toBe(4)
    const random = pathOf({ clogs: { chance: 0.01, ms: [100, 200] } })
    await random.sendAll(count)
    const { clogged } = random.path.statistics()
    expect(clogged / count).toBeCloseTo(0.01, 2)
    expect(Math.max(...random.arrivals.map(({ index, atMs }) => atMs - index))).toBeGreaterThan(100)
  })

  it('carries nothing while it is cut; what is under way arrives', async () => {
    const { arrivals, send, time, path } = pathOf({ delayMs: 10 })
    send(1)
    path.isCut = true
    send(2)
    await time.advance(100)
    path.isCut = false
    send(3)
    await time.advance(100)
    expect(arrivals.map(({ index }) => index)).toEqual([1, 3])
    expect(path.statistics().cut).toBe(1)
  })

  it('draws no numbers for what never happens: another condition leaves the losses as they were', async () => {
    const one = pathOf({ loss: 0.2 })
    const other = pathOf({ loss: 0.2, mtuBytes: 500, bytesPerSecond: 1e9, delayMs: 30 })
    await one.sendAll(200)
    await other.sendAll(200)
    expect(other.arrivals.map(({ index }) => index)).toEqual(one.arrivals.map(({ index }) => index))
  })
})

describe('conditions', () => {
  it.each<[options: object, text: string]>([
    [{ loss: 1.5 }, 'loss is a share from 0 to 1; got 1.5'],
    [{ loss: Number.NaN }, 'loss is a share'],
    [{ bursts: { chance: -1 } }, 'bursts.chance is a share'],
    [{ bursts: { packets: 0 } }, 'bursts.packets is a number from 1; got 0'],
    [{ delayMs: [5, 1] }, 'delayMs is a span of milliseconds such as [20, 60]; got [5,1]'],
    [{ delayMs: -1 }, 'delayMs is a span'],
    [{ clogs: { ms: [0, Number.POSITIVE_INFINITY] } }, 'clogs.ms is a span'],
    [{ bytesPerSecond: 0 }, 'bytesPerSecond is a number above 0; got 0'],
    [{ jitter: 'gamma' }, "jitter is 'even', 'bell' or 'long-tail'; got gamma"],
    [{ latency: 20 }, 'latency is none; there are delayMs, jitter'],
  ])('that are none are refused: %j', (options, text) => {
    expect(() => withConditions(noConditions, options)).toThrowError(
      expect.objectContaining({ code: 'argument-invalid', message: expect.stringContaining(text) }),
    )
  })

  it('change only what they say', () => {
    const base = conditionsOf('bad-wifi')
    expect(withConditions(base, {})).toEqual(base)
    expect(withConditions(base, { loss: undefined, bursts: { loss: 0.1 } })).toEqual({
      ...base,
      bursts: { ...base.bursts, loss: 0.1 },
    })
  })

  it('of two stretches add up', () => {
    const one = conditionsOf({ delayMs: [10, 20], loss: 0.1, bytesPerSecond: 1000, queueBytes: 50 })
    const other = conditionsOf({ delayMs: 5, loss: 0.5, mtuBytes: 1300, clogs: { chance: 0.1, ms: [1, 2] } })
    expect(joined(one, other)).toMatchObject({
      delayMs: [15, 25],
      loss: 0.55,
      bytesPerSecond: 1000,
      queueBytes: 50,
      mtuBytes: 1300,
      clogs: { chance: 0.1, ms: [1, 2] },
    })
  })

  const names = Object.keys(presets) as Preset[]

  it.each(names)('of %s are all in range, and stand in the page of the package', async (name) => {
    const { readFileSync } = await import('node:fs')
    const page = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
    const { delayMs, loss } = conditionsOf(name)
    expect(page).toContain(`| \`${name}\` | ${delayMs[0]}–${delayMs[1]} | ${loss * 100} |`)
  })

  it('of an unknown name are refused', () => {
    expect(() => conditionsOf('moon' as Preset)).toThrow(
      "'moon' is no network; there are none, lan, wifi, lte",
    )
  })
})
