import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { KernelPath } from './kernel-path.ts'
import { nativeProgram } from './native.ts'
import { conditionArguments, type PathConditions, PathModel } from './path-model.ts'
import { NotRun } from './scenario.ts'
import { type Program, runPair } from './worker.ts'

const plain: PathConditions = {
  seed: 0x5eed_cafe,
  loss: 0,
  delayMs: 1,
  bytesPerMs: 2500,
  queueBytes: 125_000,
  packetSizeMax: 1472,
}

const bad: PathConditions = {
  ...plain,
  loss: 0.2,
  delayMs: 20,
  queueBytes: 20_000,
  jitterMs: 5,
  duplication: 0.2,
  reorder: 0.3,
  reorderMs: 40,
}

/** Runs what the machine may not be able to, and says so. */
async function ifItCan(run: () => Promise<void>): Promise<void> {
  try {
    await run()
  } catch (error) {
    if (!(error instanceof NotRun)) throw error
    process.stderr.write(`not run: ${error.message}\n`)
  }
}

describe('the model of a path', () => {
  it.each([
    ['plain', plain],
    ['bad', bad],
    ['slow', { ...plain, bytesPerMs: 3, loss: 0.02 }],
  ])('is the same in C as in TypeScript: %s', async (_name, conditions) => {
    await ifItCan(async () => {
      const { path } = (await nativeProgram('path-model.c')) as Program & { kind: 'native' }
      const model = new PathModel(conditions, conditions.seed)
      const packets = Array.from({ length: 5000 }, (_, index) => ({
        size: 28 + ((index * 977) % 1460),
        now: index * 0.4 + (index % 7) * 0.013,
      }))
      const input = packets.map(({ size, now }) => `${size} ${now}\n`).join('')
      const args = [conditions.seed, ...Object.values(conditionArguments(conditions))].map(String)
      const lines = execFileSync(path, args, { input, encoding: 'utf8' }).split('\n').slice(0, -1)
      const times = lines.map((line) => (line === '' ? [] : line.split(' ').map(Number)))
      expect(times).toEqual(packets.map(({ size, now }) => model.carry(size, now)))
    })
  })

  it('loses, doubles and holds back as often as it is told', () => {
    const model = new PathModel({ ...bad, jitterMs: 0, queueBytes: 1e9 }, 7)
    const times = Array.from({ length: 20_000 }, (_, index) =>
      model.carry(100, index).map((at) => at - index),
    )
    const share = (count: number) => count / times.length
    expect(share(times.filter(({ length }) => length === 0).length)).toBeCloseTo(0.2, 1)
    expect(share(times.filter(({ length }) => length === 2).length)).toBeCloseTo(0.8 * 0.2, 1)
    expect(share(times.filter(([at]) => at > 50).length)).toBeCloseTo(0.8 * 0.3, 1)
    expect(Math.min(...times.flat())).toBeCloseTo(20.04, 2)
  })

  it('drains its queue at its rate, and loses what is too much', () => {
    const model = new PathModel({ ...plain, bytesPerMs: 10, queueBytes: 1000, delayMs: 5 }, 1)
    const times = Array.from({ length: 12 }, () => model.carry(100, 50))
    expect(times.slice(0, 10).flat()).toEqual([65, 75, 85, 95, 105, 115, 125, 135, 145, 155])
    expect(times.slice(10)).toEqual([[], []])
    expect(model.carry(100, 60)).toEqual([165])
    expect(model.carry(1473, 1000)).toEqual([])
  })
})

describe('a path of the kernel', () => {
  it('carries what programs inside send, and nothing of it is left', async () => {
    await ifItCan(async () => {
      const path = await KernelPath.open({ ...plain, loss: 0.1 })
      const options = { warmupMs: 50, measureMs: 500, host: path.farHost }
      const near = path.near({ kind: 'node', file: 'steady-ping.ts' })
      const pair = await runPair(
        { program: path.far({ kind: 'node', file: 'steady-echo.ts' }), options },
        { program: near, options },
        60_000,
      )
      const space = near.through?.[2] ?? ''
      expect(existsSync(space)).toBe(true)
      expect(pair.dialer.arrived).toBeGreaterThan(0.3)
      const { carried, carriedBack, lost, arrived, underWayBytes } = await path.counts()
      expect(carriedBack).toBeGreaterThan(0)
      expect(carriedBack).toBeLessThan(carried)
      expect(lost).toBeGreaterThan(0)
      expect([carried - lost, underWayBytes]).toEqual([arrived, 0])
      await path.close()
      expect(existsSync(space)).toBe(false)
    })
  }, 120_000)

  it('says that the congestion control is unknown', async () => {
    await ifItCan(async () => {
      await (await KernelPath.open(plain)).close()
      const opening = KernelPath.open(plain, 'vegas-of-nowhere' as 'cubic')
      await expect(opening).rejects.toThrow(/congestion control vegas-of-nowhere/)
      await expect(opening).rejects.toBeInstanceOf(NotRun)
    })
  })
})
