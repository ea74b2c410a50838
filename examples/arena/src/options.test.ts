import { describe, expect, it } from 'vitest'
import { parseOptions } from './options.ts'

const known = 'there are --seconds N, --bots N, --transport NAME, --net NAME, --seed N, --help'

describe('the options', () => {
  it('have defaults', () => {
    const defaults = { seconds: 15, bots: 200, transport: 'tcp', net: 'none', seed: undefined, help: false }
    expect(parseOptions([])).toEqual(defaults)
    expect(parseOptions(['--seconds', '2.5', '--bots=20'])).toEqual({ ...defaults, seconds: 2.5, bots: 20 })
    const words = ['--transport', 'udp', '--net', 'bad-wifi', '--seed', '7']
    expect(parseOptions(words)).toEqual({ ...defaults, transport: 'udp', net: 'bad-wifi', seed: 7 })
    expect(parseOptions(['-h']).help).toBe(true)
  })

  it.each([
    [['--foo'], `unknown option '--foo'; ${known}`],
    [['fast'], `unknown argument 'fast'; ${known}`],
    [['--bots'], '--bots wants a whole number from 1 to 1000; got nothing'],
    [['--bots', '2.5'], "--bots wants a whole number from 1 to 1000; got '2.5'"],
    [['--seconds', 'long'], "--seconds wants a number from 0.1 to 86400; got 'long'"],
    [['--seconds='], "--seconds wants a number from 0.1 to 86400; got ''"],
    [['--transport', 'pigeon'], "--transport wants one of tcp, udp; got 'pigeon'"],
    [['--net', 'moon'], '--net wants one of none, lan, wifi, lte, bad-wifi, geo-satellite'],
    [['--net', 'lte'], '--net is for --transport udp; the transport is tcp'],
    [['--seed', '-1'], "--seed wants a whole number from 0 to 4294967295; got '-1'"],
  ])('refuse %j', (words, text) => {
    expect(() => parseOptions(words)).toThrow(text)
  })
})
