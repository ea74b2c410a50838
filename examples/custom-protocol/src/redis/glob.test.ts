import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { matches } from './glob.ts'

describe('matches', () => {
  it.each([
    ['*', '', true],
    ['', '', true],
    ['', 'a', false],
    ['a*c', 'abbbc', true],
    ['a*c', 'abbb', false],
    ['h?llo', 'hello', true],
    ['h?llo', 'hllo', false],
    ['h[ae]llo', 'hallo', true],
    ['h[ae]llo', 'hillo', false],
    ['h[^e]llo', 'hallo', true],
    ['h[^e]llo', 'hello', false],
    ['h[a-c]llo', 'hbllo', true],
    ['h[c-a]llo', 'hbllo', true],
    ['h[a-c]llo', 'hdllo', false],
    ['\\*', '*', true],
    ['\\*', 'a', false],
    ['*a*b*', 'xxaxxbxx', true],
    ['[\\]]', ']', true],
  ])('%s and %s: %s', (pattern, text, expected) => {
    expect(matches(pattern, text)).toBe(expected)
  })

  it('finds every text that is spelled out, and ends on any pattern', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 30 }), (text) => {
        expect(matches(text.replace(/[*?[\\\]]/g, '\\$&'), text)).toBe(true)
        matches(text, text)
      }),
      { seed: 20260715 },
    )
    // Backtracking over every star would take for ever here.
    expect(matches('*a'.repeat(500), 'a'.repeat(400))).toBe(false)
  })
})
