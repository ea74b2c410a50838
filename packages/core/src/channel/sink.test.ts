import { pair } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'
import { Sink } from './sink.ts'

describe('a sink', () => {
  it('receives the messages of its channels, through a filter if there is one; handlers see them as well', async () => {
    const { rig, opening, accepting, accepted, opened } = await pair()
    const second = await rig.until(opening.open())
    const [, other] = rig.diary(accepting).accepted
    const heard: unknown[] = []
    const handled: unknown[] = []
    const sink = new Sink(({ key, body }, channel) => {
      heard.push([key, body, channel === accepted ? 'first' : 'second'])
    })
    sink.attach(accepted, ({ key }) => key !== 'secret').attach(other)
    accepted.on('secret', (body) => void handled.push(body))
    opened.send('chat', 1)
    opened.send('secret', 2)
    await rig.loop.settle()
    second.send('secret', 3)
    await rig.loop.settle()
    expect(heard).toEqual([
      ['chat', 1, 'first'],
      ['secret', 3, 'second'],
    ])
    expect(handled).toEqual([2])
    expect(sink.statistics()).toEqual({ channels: 2, received: 2, filtered: 1 })
    expect(accepted.statistics().unhandled).toBe(0)
    await rig.end()
  })

  it('is detached by hand, and by the end of a channel', async () => {
    const { rig, accepted, opened } = await pair()
    const heard: unknown[] = []
    const sink = new Sink(({ body }) => void heard.push(body))
    sink.attach(accepted)
    opened.send('n', 1)
    await rig.loop.settle()
    sink.detach(accepted).detach(accepted)
    opened.send('n', 2)
    await rig.loop.settle()
    expect(sink.statistics().channels).toBe(0)
    sink.attach(accepted)
    opened.send('n', 3)
    await rig.until(opened.close())
    await rig.loop.settle()
    expect(heard).toEqual([1, 3])
    expect(sink.statistics().channels).toBe(0)
    sink.attach(accepted)
    expect(sink.statistics().channels).toBe(0)
    await rig.end()
  })

  it('attached again forwards once, by the new filter', async () => {
    const { rig, accepted, opened } = await pair()
    const heard: unknown[] = []
    const sink = new Sink(({ body }) => void heard.push(body))
    sink.attach(accepted, () => false).attach(accepted)
    opened.send('n', 1)
    await rig.loop.settle()
    expect(heard).toEqual([1])
    expect(sink.statistics()).toEqual({ channels: 1, received: 1, filtered: 0 })
    await rig.end()
  })

  it('may be one of many, and may leave inside its handler', async () => {
    const { rig, accepted, opened } = await pair()
    const heard: string[] = []
    const shy = new Sink((_message, channel) => {
      heard.push('shy')
      shy.detach(channel)
    })
    const steady = new Sink(() => void heard.push('steady'))
    shy.attach(accepted)
    steady.attach(accepted)
    opened.send('n', 1)
    opened.send('n', 2)
    await rig.loop.settle()
    expect(heard).toEqual(['shy', 'steady', 'steady'])
    await rig.end()
  })

  it('that throws, or has a filter that does, is reported and harms no channel', async () => {
    const { rig, accepting, accepted, opened } = await pair()
    const heard: unknown[] = []
    new Sink(() => {
      throw new Error('sink')
    }).attach(accepted)
    new Sink(() => undefined).attach(accepted, () => {
      throw new Error('filter')
    })
    accepted.on('n', (n) => void heard.push(n))
    opened.send('n', 1)
    await rig.loop.settle()
    expect(heard).toEqual([1])
    expect(rig.diary(accepting).errors.map(({ code }) => code)).toEqual(['handler-failed', 'handler-failed'])
    expect(accepted.isOpen).toBe(true)
    await rig.end()
  })

  it('sees requests as well', async () => {
    const { rig, accepted, opened } = await pair()
    const heard: unknown[] = []
    new Sink(({ key, body }) => void heard.push([key, body])).attach(accepted)
    accepted.on('ask', (n) => n + 1)
    expect(await rig.until(opened.request('ask', 1))).toBe(2)
    expect(heard).toEqual([['ask', 1]])
    await rig.end()
  })

  it('says what it is', async () => {
    const lines: string[] = []
    const log = (line: string) => void lines.push(line)
    const sink = new Sink(() => undefined, {
      name: 'chat',
      log: { debug: log, info: log, warn: log, error: log },
    })
    expect(sink.describe()).toBe("sink 'chat' of 0 channels")
    expect(String(sink)).toBe(sink.describe())
    sink.log('info', 'hello')
    expect(lines).toEqual(["sink 'chat' of 0 channels: hello"])
  })
})
