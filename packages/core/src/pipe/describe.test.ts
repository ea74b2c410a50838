import { inspect } from 'node:util'
import { pair, Rig } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'
import { callerOf, type Log, withSource } from '../base/log.ts'
import { Sink } from '../channel/sink.ts'

function notebook() {
  const lines: [level: string, line: string][] = []
  const log: Log = {
    debug: (line) => void lines.push(['debug', line]),
    info: (line) => void lines.push(['info', line]),
    warn: (line) => void lines.push(['warn', line]),
    error: (line) => void lines.push(['error', line]),
  }
  return { lines, log }
}

describe('describe', () => {
  it('says in one line what a thing is, and so does String()', async () => {
    const { rig, accepting, opening, accepted, opened } = await pair({ accepting: { name: 'lobby' } })
    expect(accepting.describe()).toBe("pipe 'lobby' net://server 'test' bound, 1 channels")
    expect(opening.describe()).toMatch(/^pipe net:\/\/server 'test' \S+, 1 channels$/)
    expect(accepted.describe()).toBe('channel net://server#1 (accepted) open')
    for (const thing of [accepting, opening, accepted, opened, rig.factory]) {
      expect(String(thing)).toBe(thing.describe())
      expect(inspect(thing)).toBe(thing.describe())
      expect(inspect({ player: thing })).toBe(`{ player: ${thing.describe()} }`)
      expect(thing.describe()).not.toContain('\n')
    }
    await rig.until(opened.close('so long'))
    expect(opened.describe()).toBe(
      'channel net://server#1 (opened) closed (closed by the local side: so long)',
    )
    expect(accepting.describe()).toContain('0 channels')
    await rig.end()
    expect(accepting.describe()).toContain('destroyed')
  })
})

describe('log', () => {
  it('writes lines that begin with the description, at each level', async () => {
    const { lines, log } = notebook()
    const { rig, accepting, accepted } = await pair({ options: { log } })
    lines.length = 0
    for (const level of ['debug', 'info', 'warn', 'error'] as const) {
      accepting.log(level, 'hello')
      accepted.log(level, 'there')
    }
    expect(lines.map(([level]) => level)).toEqual([
      'debug',
      'debug',
      'info',
      'info',
      'warn',
      'warn',
      'error',
      'error',
    ])
    expect(lines[0][1]).toBe(`${accepting.describe()}: hello`)
    expect(lines[1][1]).toBe(`${accepted.describe()}: there`)
    await rig.end()
  })

  it('adds function and line of the caller when asked to', async () => {
    const { lines, log } = notebook()
    const { rig, accepting, accepted } = await pair({ options: { log: withSource(log) } })
    lines.length = 0
    function sayHello() {
      accepting.log('info', 'from a pipe')
      accepted.log('info', 'from a channel')
      new Sink(() => undefined, { log: withSource(log) }).log('info', 'from a sink')
    }
    sayHello()
    expect(lines.length).toBe(3)
    for (const [, line] of lines) expect(line).toMatch(/ \(sayHello \(.*describe\.test\.ts:\d+:\d+\)\)$/)
    await rig.end()
  })

  it('without a log does nothing', async () => {
    const { rig, accepting, accepted } = await pair()
    expect(() => accepting.log('info', 'x')).not.toThrow()
    expect(() => accepted.log('info', 'x')).not.toThrow()
    await rig.end()
  })

  it('hears of the errors of a pipe', async () => {
    const { lines, log } = notebook()
    const rig = new Rig({ options: { log } })
    await rig.failureOf(rig.pipe('nowhere').open())
    expect(lines.some(([level, line]) => level === 'error' && line.includes('net://nowhere'))).toBe(true)
    await rig.end()
  })

  it('finds the caller in stacks of several kinds', () => {
    expect(callerOf(undefined)).toBe(undefined)
    expect(callerOf('Error\n    at run (b.js:3:4)')).toBe(undefined)
    expect(callerOf('Error\n    at Pipe.log (a.js:1:2)\n    at run (b.js:3:4)\n    at main (c.js:5:6)')).toBe(
      'run (b.js:3:4)',
    )
    expect(callerOf('Error\n    at Channel.log (a.js:1:2)\n    at b.js:3:4')).toBe('b.js:3:4')
  })
})
