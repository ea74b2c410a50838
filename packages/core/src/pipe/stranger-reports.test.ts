import { RawPeer, Rig } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'
import type { PipeOptions } from './pipe-options.ts'
import { strangersToldMax, strangerWindowMs } from './stranger-reports.ts'

async function bound(options: PipeOptions = {}) {
  const lines: string[] = []
  const write = (line: string): void => void lines.push(line)
  const log = { debug: write, info: write, warn: write, error: write }
  const traced: unknown[] = []
  const diagnostics = {
    channel: (name: string) => ({
      hasSubscribers: name === 'millrace:pipe.error',
      publish: (told: unknown) => void traced.push(told),
    }),
  }
  const rig = new Rig({ options: { log }, diagnostics })
  const pipe = rig.pipe('server', options)
  await rig.until(pipe.bind())
  /** They speak something else, and are gone. */
  const knock = async (count: number): Promise<void> => {
    const strangers = Array.from({ length: count }, () => RawPeer.connect(rig.network, 'net://server'))
    for (const stranger of await Promise.all(strangers)) stranger.send([0x47, 0x45, 0x54])
    await rig.loop.settle()
  }
  return { rig, pipe, lines, traced, knock, diary: rig.diary(pipe) }
}

describe('the errors that strangers cause', () => {
  it('are told one by one, up to 100 a second, and then as a number', async () => {
    const { rig, pipe, lines, traced, knock, diary } = await bound()
    await knock(strangersToldMax)
    await rig.loop.advance(strangerWindowMs)
    expect(diary.errors).toHaveLength(strangersToldMax)
    await knock(250)
    expect(diary.errors).toHaveLength(2 * strangersToldMax)
    await rig.loop.advance(strangerWindowMs - 1)
    expect(lines).toHaveLength(2 * strangersToldMax)
    await rig.loop.advance(1)
    expect(diary.errors).toHaveLength(2 * strangersToldMax + 1)
    const { code, message } = diary.errors.at(-1)!
    expect([code, message]).toEqual([
      'handshake-failed',
      expect.stringMatching(
        /^150 more of 'handshake-failed' within 1000 ms were not told; the last: .*no Millrace hello/,
      ),
    ])
    expect(lines).toHaveLength(2 * strangersToldMax + 1)
    // All are counted and traced; the number of them is no error of its own.
    expect(pipe.statistics().errors).toBe(350)
    expect(traced).toHaveLength(350)
    await knock(1)
    expect(diary.errors.at(-1)!.message).not.toContain('more of')
    await rig.loop.advance(10 * strangerWindowMs)
    expect(diary.errors).toHaveLength(2 * strangersToldMax + 2)
    await rig.end()
  })

  it('are counted by their codes: a flood of one hides no other', async () => {
    const { rig, knock, diary } = await bound({ maxHandshakes: 1 })
    await knock(150)
    expect(new Set(diary.errors.map(({ code }) => code))).toEqual(
      new Set(['handshake-failed', 'channel-limit']),
    )
    await rig.end()
  })

  it.each(['close', 'destroy'] as const)('are told as a number before the end by %s', async (how) => {
    const { rig, pipe, knock, diary } = await bound()
    await knock(120)
    const heard: string[] = []
    pipe
      .on('error', (_pipe, error) => void heard.push(error.message))
      .on('destroy', () => void heard.push('destroy'))
    if (how === 'close') await rig.until(pipe.close())
    else pipe.destroy()
    await rig.loop.settle()
    expect(heard[0]).toContain('20 more of')
    expect(heard.slice(1)).toEqual(how === 'close' ? [] : ['destroy'])
    expect(rig.loop.timerCount).toBe(0)
    expect(diary.errors).toHaveLength(101)
    await rig.end()
  })

  it('that have a channel are all told: the program can end it', async () => {
    const { rig, pipe, diary } = await bound()
    pipe.on('accepted', (_pipe, channel) => {
      channel.on('x', () => {
        throw new Error('not today')
      })
    })
    const opened = await rig.until(rig.pipe().open())
    for (let n = 0; n < 300; n++) opened.send('x', n)
    await rig.loop.settle()
    expect(diary.errors).toHaveLength(300)
    await rig.end()
  })
})
