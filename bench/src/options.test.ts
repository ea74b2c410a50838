import { describe, expect, it } from 'vitest'
import { OptionError, parseOptions, sweepSizes } from './options.ts'

describe('parseOptions', () => {
  it('runs everything with two seconds a row and three rounds', () => {
    const options = parseOptions([])
    expect(options).toMatchObject({ task: 'run', only: [], jsonPath: null })
    expect(options.effort).toMatchObject({ measureMs: 2000, roundCount: 3, sizes: [64] })
  })

  it('takes names by commas and by repetition', () => {
    expect(parseOptions(['--only', 'rtt,codec', '--only', 'local']).only).toEqual(['rtt', 'codec', 'local'])
  })

  it('lets --seconds win over --quick', () => {
    expect(parseOptions(['--quick', '--seconds', '1.5']).effort).toMatchObject({
      measureMs: 1500,
      roundCount: 1,
    })
  })

  it('knows the sweep', () => {
    expect(parseOptions(['--size', 'sweep']).effort.sizes).toEqual(sweepSizes)
    expect(parseOptions(['--size', '16,1024']).effort.sizes).toEqual([16, 1024])
  })

  it.each([
    [['--seconds', '0']],
    [['--seconds', 'long']],
    [['--rounds', '-1']],
    [['--size', '100']],
    [['--size', '8']],
    [['--size', '131072']],
    [['--unknown']],
    [['stray']],
  ])('refuses %j', (args) => {
    expect(() => parseOptions(args)).toThrow(OptionError)
  })
})
