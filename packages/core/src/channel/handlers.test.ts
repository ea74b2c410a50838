import { pair } from '@millrace/testkit'
import { describe, expect, expectTypeOf, it } from 'vitest'
import type { Channel } from './channel.ts'

describe('channel.on', () => {
  it('calls each handler of a key in order, with body and channel', async () => {
    const { rig, accepted, opened } = await pair()
    const heard: unknown[] = []
    accepted.on('a', (body, channel) => void heard.push(['first', body, channel === accepted]))
    accepted.on('a', (body) => void heard.push(['second', body]))
    accepted.on('b', (body) => void heard.push(['other', body]))
    opened.send('a', { x: 1 })
    opened.send('b', null)
    await rig.loop.settle()
    expect(heard).toEqual([
      ['first', { x: 1 }, true],
      ['second', { x: 1 }],
      ['other', null],
    ])
    await rig.end()
  })

  it('reports a handler that throws, calls the others, and lets the channel live', async () => {
    const { rig, accepting, accepted, opened } = await pair()
    const heard: unknown[] = []
    accepted.on('n', (n) => {
      if (n === 1) throw new Error('one is too much')
    })
    accepted.on('n', (n) => void heard.push(n))
    for (const n of [0, 1, 2]) opened.send('n', n)
    await rig.loop.settle()
    expect(heard).toEqual([0, 1, 2])
    expect(accepted.isOpen).toBe(true)
    const { errors } = rig.diary(accepting)
    expect(errors.map(({ code }) => code)).toEqual(['handler-failed'])
    expect(errors[0].message).toContain("the handler of 'n'")
    expect(errors[0].message).toContain('one is too much')
    expect(errors[0].cause).toBeInstanceOf(Error)
    expect(accepting.statistics().errors).toBe(1)
    await rig.end()
  })

  it('tells `error` which channel a failing handler belongs to', async () => {
    const { rig, accepting, accepted, opened } = await pair()
    const channels: unknown[] = []
    accepting.on(
      'error',
      (pipe, _error, channel) => void channels.push([pipe === accepting, channel === accepted]),
    )
    accepted.on('n', () => {
      throw new Error('no')
    })
    opened.send('n', 1)
    await rig.loop.settle()
    expect(channels).toEqual([[true, true]])
    await rig.end()
  })

  it('reports an async handler that rejects, alone or among others', async () => {
    const { rig, accepting, accepted, opened } = await pair()
    accepted.on('alone', async () => {
      throw new Error('first')
    })
    accepted.on('both', async () => {
      throw new Error('second')
    })
    accepted.on('both', async () => {
      throw new Error('third')
    })
    opened.send('alone', 1)
    opened.send('both', 1)
    await rig.loop.settle()
    const texts = rig.diary(accepting).errors.map(({ message }) => message)
    expect(texts.length).toBe(3)
    for (const word of ['first', 'second', 'third'])
      expect(texts.some((text) => text.includes(word))).toBe(true)
    expect(accepted.isOpen).toBe(true)
    await rig.end()
  })

  it('survives an `error` handler that throws', async () => {
    const { rig, accepting, accepted, opened } = await pair()
    accepting.on('error', () => {
      throw new Error('the error handler, too')
    })
    accepted.on('n', () => {
      throw new Error('the handler')
    })
    opened.send('n', 1)
    await rig.loop.settle()
    expect(accepted.isOpen).toBe(true)
    expect(rig.network.warnings.map(({ message }) => message)).toEqual([
      expect.stringContaining('the error handler, too'),
    ])
    await rig.end()
  })

  it('warns of failing handlers when `error` has no handler, a few times and not for ever', async () => {
    const { rig } = await pair()
    const lonely = rig.factory.create('net', 'lonely', 'test')
    lonely.on('accepted', (_pipe, channel) => {
      channel.on('n', () => {
        throw new Error('unheard')
      })
    })
    await rig.until(lonely.bind())
    const channel = await rig.until(rig.pipe('lonely').open())
    for (let n = 0; n < 50; n++) channel.send('n', n)
    await rig.loop.settle()
    expect(rig.network.warnings.length).toBeGreaterThan(0)
    expect(rig.network.warnings.length).toBeLessThan(20)
    expect(lonely.statistics().errors).toBe(50)
    lonely.destroy()
    await rig.end()
  })

  it('dispatches by a key inside the message: to a function', async () => {
    const { rig, accepted, opened } = await pair()
    const heard: unknown[] = []
    accepted.on(
      'move',
      (move) => move.id,
      (move, channel, id) => void heard.push([id, move.x, channel === accepted]),
    )
    for (const body of [{ id: 7, x: 1 }, { x: 2 }, { id: null, x: 3 }, { id: 0, x: 4 }, { id: '', x: 5 }])
      opened.send('move', body)
    await rig.loop.settle()
    expect(heard).toEqual([
      [7, 1, true],
      [0, 4, true],
      ['', 5, true],
    ])
    await rig.end()
  })

  it('takes functions for handlers, also in a map', async () => {
    const { rig, accepted } = await pair()
    const keyOf = (body: { id: number }) => body.id
    const refused = { code: 'argument-invalid' }
    expect(() => accepted.on('a', 'f' as never)).toThrow(expect.objectContaining(refused))
    expect(() => accepted.on('a', keyOf, {} as never)).toThrow(expect.objectContaining(refused))
    expect(() => accepted.on('a', keyOf, new Map([[1, 'f' as never]]))).toThrow(
      "the handler of '1' wants a function",
    )
    await rig.end()
  })

  it('dispatches by a key inside the message: to a map, which may change', async () => {
    const { rig, accepted, opened } = await pair()
    const heard: unknown[] = []
    const players = new Map([[1, (move: { x: number }) => void heard.push(['one', move.x])]])
    accepted.on('move', (move) => move.id as number, players)
    opened.send('move', { id: 1, x: 1 })
    opened.send('move', { id: 2, x: 2 })
    await rig.loop.settle()
    players.set(2, (move) => void heard.push(['two', move.x]))
    players.delete(1)
    opened.send('move', { id: 1, x: 3 })
    opened.send('move', { id: 2, x: 4 })
    await rig.loop.settle()
    expect(heard).toEqual([
      ['one', 1],
      ['two', 4],
    ])
    await rig.end()
  })

  it('reports a keyOf that throws', async () => {
    const { rig, accepting, accepted, opened } = await pair()
    accepted.on(
      'move',
      (move) => move.who.id,
      () => undefined,
    )
    opened.send('move', {})
    await rig.loop.settle()
    expect(rig.diary(accepting).errors.map(({ code }) => code)).toEqual(['handler-failed'])
    await rig.end()
  })

  it('takes no handler that is no function', async () => {
    const { rig, accepted } = await pair()
    const wrong = { code: 'argument-invalid' }
    expect(() => accepted.on('a', undefined as never)).toThrowError(expect.objectContaining(wrong))
    expect(() => accepted.on('a', 'b' as never, () => 1)).toThrowError(expect.objectContaining(wrong))
    expect(() => accepted.on('a', () => 1, {} as never)).toThrowError(expect.objectContaining(wrong))
    expect(() => accepted.on('close', 5 as never)).toThrowError(expect.objectContaining(wrong))
    expect(() => accepted.on('', () => 1)).toThrowError(expect.objectContaining(wrong))
    await rig.end()
  })

  it('counts what has no listener', async () => {
    const { rig, accepting, accepted, opened } = await pair()
    opened.send('a', 1)
    opened.send('b', 1)
    await rig.loop.settle()
    expect(accepted.statistics()).toMatchObject({ messagesIn: 2, unhandled: 2 })
    expect(accepting.statistics()).toMatchObject({ messagesIn: 2, unhandled: 2 })
    await rig.end()
  })

  it('knows messages named close, hello or __proto__ apart from its own words', async () => {
    const { rig, accepted, opened } = await pair()
    const heard: unknown[] = []
    const ends: unknown[] = []
    accepted.on('close', (reason) => void ends.push(reason.code))
    accepted.onMessage('close', (body) => void heard.push(['close', body]))
    for (const key of ['hello', '__proto__', 'constructor', 'toString']) {
      accepted.on(key, (body) => void heard.push([key, body]))
    }
    for (const key of ['close', 'hello', '__proto__', 'constructor', 'toString']) opened.send(key, 1)
    await rig.loop.settle()
    expect(heard.length).toBe(5)
    expect(heard[0]).toEqual(['close', 1])
    expect(ends).toEqual([])
    expect(accepted.isOpen).toBe(true)
    await rig.end()
  })

  it('may add and remove handlers inside a handler', async () => {
    const { rig, accepted, opened } = await pair()
    const heard: string[] = []
    const once = () => {
      heard.push('once')
      accepted.off('n', once)
      accepted.on('n', later)
    }
    const later = () => void heard.push('later')
    accepted.on('n', once)
    for (let n = 0; n < 3; n++) opened.send('n', n)
    await rig.loop.settle()
    expect(heard).toEqual(['once', 'later', 'later'])
    await rig.end()
  })
})

describe('channel.off', () => {
  it('removes a function, a keyed function and a map, each from its key only', async () => {
    const { rig, accepted, opened } = await pair()
    const heard: string[] = []
    const run = () => void heard.push('run')
    const map = new Map([[1, () => void heard.push('map')]])
    accepted.on('a', run).on('b', run)
    accepted.on('a', () => 1, run)
    accepted.on('a', () => 1, map)
    opened.send('a', 0)
    await rig.loop.settle()
    expect(heard.splice(0)).toEqual(['run', 'run', 'map'])
    accepted.off('a', run)
    opened.send('a', 0)
    opened.send('b', 0)
    await rig.loop.settle()
    expect(heard.splice(0)).toEqual(['map', 'run'])
    accepted.off('a', map).off('a', map).off('never', run)
    accepted.off('b', run)
    opened.send('a', 0)
    opened.send('b', 0)
    await rig.loop.settle()
    expect(heard).toEqual([])
    await rig.end()
  })

  it("forgets one of 'close' too, and a message of that name", async () => {
    const { rig, opened, accepted } = await pair()
    const heard: string[] = []
    const [first, second] = ['first', 'second'].map((name) => () => void heard.push(name))
    accepted.on('close', first).on('close', second).onMessage('close', first)
    opened.send('close', 0)
    await rig.loop.settle()
    accepted.off('close', first)
    opened.send('close', 0)
    await rig.loop.settle()
    void opened.close()
    await rig.loop.settle()
    expect(heard).toEqual(['first', 'second'])
    await rig.end()
  })
})

describe('types', () => {
  interface Game {
    move: { id: number }
    chat: { line: string }
  }

  it('of bodies come from the messages', async () => {
    const { rig, accepted, opened } = await pair<Game>()
    accepted.on('move', (move) => {
      expectTypeOf(move).toEqualTypeOf<{ id: number }>()
    })
    expectTypeOf<Channel<Game>['send']>().parameter(0).toEqualTypeOf<'move' | 'chat'>()
    // @ts-expect-error: a message that the contract doesn't know
    opened.send('jump', {})
    // @ts-expect-error: a body that doesn't fit
    opened.send('chat', { line: 5 })
    await rig.end()
  })
})
