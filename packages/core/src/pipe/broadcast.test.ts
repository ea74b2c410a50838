import { PlainCodec, Rig } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'
import type { Channel } from '../channel/channel.ts'
import { framed } from '../session/framed.ts'
import type { PipeOptions } from './pipe-options.ts'

async function crowd(count: number, options: PipeOptions = {}) {
  const codec = new PlainCodec()
  const rig = new Rig({ protocol: framed(codec) })
  const accepting = rig.pipe('server', options)
  const opening = rig.pipe()
  await rig.until(accepting.bind())
  const heard: unknown[][] = []
  const channels: Channel[] = []
  for (let index = 0; index < count; index++) {
    const channel = await rig.until(opening.open())
    const list: unknown[] = []
    channel.on('n', (n) => void list.push(n))
    heard.push(list)
    channels.push(channel as Channel)
  }
  await rig.loop.settle()
  return { rig, codec, accepting, opening, channels, heard }
}

describe('broadcast', () => {
  it('encodes once for all channels, and everyone hears the same as by send', async () => {
    for (const body of [1, 'x'.repeat(3000), 'y'.repeat(100_000)]) {
      const { rig, codec, accepting, heard } = await crowd(50)
      const before = codec.encodeCount
      expect(accepting.broadcast('n', body)).toBe(50)
      expect(codec.encodeCount - before).toBe(1)
      await rig.loop.settle()
      expect(heard.every((list) => list.length === 1 && list[0] === body)).toBe(true)
      await rig.end()
    }
  })

  it('stands in order with what is sent before and after', async () => {
    const { rig, accepting, heard } = await crowd(3)
    for (const channel of accepting.channels()) channel.send('n', 'before')
    accepting.broadcast('n', 'all '.repeat(2000))
    for (const channel of accepting.channels()) channel.send('n', 'after')
    accepting.broadcast('n', 'all')
    await rig.loop.settle()
    for (const list of heard) expect(list).toEqual(['before', 'all '.repeat(2000), 'after', 'all'])
    await rig.end()
  })

  it('goes to those given, and to open channels of this pipe only', async () => {
    const { rig, accepting, opening, channels, heard } = await crowd(4)
    const theirs = [...accepting.channels()]
    expect(accepting.broadcast('n', 1, [theirs[0], theirs[2], channels[1] as never])).toBe(2)
    void theirs[3].close()
    expect(accepting.broadcast('n', 2, theirs)).toBe(3)
    await rig.loop.advance(10)
    expect(heard).toEqual([[1, 2], [2], [1, 2], []])
    expect(opening.broadcast('n', 3, [])).toBe(0)
    await rig.end()
  })

  it('counts only those who took it', async () => {
    const { rig, accepting, heard } = await crowd(3, { highWaterBytes: 1000 })
    const [first] = accepting.channels()
    rig.network.connections[0].opened.freeze('on')
    while (first.send('n', 'x'.repeat(100)) === 'queued');
    expect(accepting.broadcast('n', 1)).toBe(2)
    expect(first.statistics().refused).toBe(2)
    await rig.loop.settle()
    expect(heard[1]).toEqual([1])
    expect(heard[2]).toEqual([1])
    rig.network.connections[0].opened.freeze('off')
    await rig.end()
  })

  it('of a body that is none throws before anything is sent', async () => {
    const { rig, accepting, heard } = await crowd(3)
    expect(() => accepting.broadcast('n', () => 1)).toThrowError(
      expect.objectContaining({ code: 'argument-invalid' }),
    )
    await rig.loop.settle()
    expect(heard).toEqual([[], [], []])
    await rig.end()
  })

  it('without any channel takes no one, and a pipe without an address says so', async () => {
    const rig = new Rig()
    const accepting = rig.pipe()
    await rig.until(accepting.bind())
    expect(accepting.broadcast('n', 1)).toBe(0)
    expect(() => rig.factory.create('nameless').broadcast('n', 1)).toThrowError(
      expect.objectContaining({ code: 'not-bound' }),
    )
    await rig.end()
  })
})
