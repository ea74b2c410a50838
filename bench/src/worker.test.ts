import { describe, expect, it } from 'vitest'
import { NotRun } from './scenario.ts'
import { runPair, startWorker } from './worker.ts'

describe('workers', () => {
  it('carry messages from one process to another and end', async () => {
    const options = { size: 64, warmupMs: 10, measureMs: 30 }
    const pair = await runPair(
      { program: { kind: 'node', file: 'net-receiver.ts' }, options },
      { program: { kind: 'node', file: 'net-sender.ts' }, options },
      10_000,
    )
    expect(pair.listener.messagesPerSecond).toBeGreaterThan(0)
    expect(pair.dialer.cpuNsPerMessage).toBeGreaterThan(0)
  })

  it('tell why they fail', async () => {
    const worker = startWorker({ kind: 'node', file: 'codec.ts' }, { codec: 'nobody', data: 'move' })
    await expect(worker.ready).rejects.toThrow('no codec "nobody"')
    await worker.stop()
  })

  it('say that a program which can not start was the reason', async () => {
    const worker = startWorker({ kind: 'native', path: '/nowhere/program' }, {})
    await expect(worker.ready).rejects.toThrow('ENOENT')
    await expect(worker.ready).rejects.not.toBeInstanceOf(NotRun)
    await worker.stop()
  })
})
