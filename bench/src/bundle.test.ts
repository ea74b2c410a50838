import { describe, expect, it } from 'vitest'
import { bundle, bundleSize } from './bundle.ts'

/** KB of 1,000 bytes, gzipped, as a browser loads them. Only ever lowered: shorten the bundle, not the rule. */
const RATCHET: readonly (readonly [file: string, kilobytes: number])[] = [
  ['opening.ts', 49.6],
  ['opening-msgpack.ts', 58.4],
  ['opening-encryption.ts', 87.7],
]

/** Words of what a client has no use for, and the value that brings each. */
const BROUGHT: readonly (readonly [words: string, value: string])[] = [
  ['no pipe of this process is bound at', 'local()'],
  ['it was closed while binding', 'accepting'],
  ["the function 'admit' failed", 'accepting'],
  ['a pass phrase is no key', 'a loader of encryption'],
  ['setEncryption was not called here', 'a loader of encryption'],
  ['tokens is for the accepting side', 'a loader of encryption'],
  ['a bigint from', 'u64'],
  ['getBigInt64', 'i64'],
  ['& 0xffffffffn', 'bits() of bitsery'],
]

// Of what `npm run build` made.
describe("the bundle of a game's client", () => {
  it.each(RATCHET)('%s is at most %d KB', async (file, kilobytes) => {
    const { gzippedBytes } = await bundleSize({ file })
    expect(gzippedBytes / 1000).toBeLessThanOrEqual(kilobytes)
  })

  it('has no "mrt1", which comes with connectTokens, also where it encrypts', async () => {
    const text = new TextDecoder().decode(await bundle({ file: 'opening-encryption.ts' }, 'development'))
    expect(text.includes('mrt1')).toBe(false)
  })

  // For development: in production the words may be gone, and the code still be there.
  it.each(BROUGHT)('has no "%s", which comes with %s', async (words) => {
    const text = new TextDecoder().decode(await bundle({ file: 'opening.ts' }, 'development'))
    // Not by toContain, which would print all of it.
    expect(text.includes('the peer did not say hello within')).toBe(true)
    expect(text.includes(words)).toBe(false)
  })

  it.each([
    ['development', true],
    ['production', false],
  ] as const)('for %s, texts for those who write the program: %s', async (buildFor, hasTexts) => {
    const text = new TextDecoder().decode(await bundle({ file: 'opening.ts' }, buildFor))
    for (const words of [
      'a factory wants a platform',
      'did you mean',
      'must be a power of two',
      'contradicts itself',
    ])
      expect([words, text.includes(words)]).toEqual([words, hasTexts])
    // What peers, players and operators are told.
    for (const words of ['the peer did not say hello within', 'requests are being answered already'])
      expect([words, text.includes(words)]).toEqual([words, true])
  })

  it('counts what is in it', async () => {
    const { minifiedBytes, gzippedBytes } = await bundleSize({ source: `console.log('${'x'.repeat(1000)}')` })
    expect(minifiedBytes).toBeGreaterThan(1000)
    expect(gzippedBytes).toBeLessThan(100)
  })

  it('has no room for what needs Node', async () => {
    await expect(bundleSize({ source: "export { tcp } from 'millrace/extend'" })).rejects.toThrow('"node:')
  })
})
