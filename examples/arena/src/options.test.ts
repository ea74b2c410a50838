import { describe, expect, it } from 'vitest'
import { parseOptions } from './options.ts'

describe('the options', () => {
  it('have defaults', () => {
    expect(parseOptions([])).toEqual({ seconds: 15, bots: 200, help: false })
    expect(parseOptions(['--seconds', '2.5', '--bots=20'])).toEqual({ seconds: 2.5, bots: 20, help: false })
    expect(parseOptions(['-h']).help).toBe(true)
  })

  it.each([
    [['--foo'], "unknown option '--foo'; there are --seconds N, --bots N, --help"],
    [['fast'], "unknown argument 'fast'; there are --seconds N, --bots N, --help"],
    [['--bots'], '--bots wants a whole number from 1 to 1000; got nothing'],
    [['--bots', '2.5'], "--bots wants a whole number from 1 to 1000; got '2.5'"],
    [['--seconds', 'long'], "--seconds wants a number from 0.1 to 86400; got 'long'"],
    [['--seconds='], "--seconds wants a number from 0.1 to 86400; got ''"],
  ])('refuse %j', (words, text) => {
    expect(() => parseOptions(words)).toThrow(text)
  })
})
