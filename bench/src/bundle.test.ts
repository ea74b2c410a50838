import { describe, expect, it } from 'vitest'
import { bundleSize } from './bundle.ts'

/** KB of 1,000 bytes, gzipped, as a browser loads them. Only ever lowered: shorten the bundle, not the rule. */
const RATCHET: readonly (readonly [file: string, kilobytes: number])[] = [
  ['opening.ts', 55],
  ['opening-msgpack.ts', 63],
  ['opening-encryption.ts', 87],
]

// Of what `npm run build` made.
describe("the bundle of a game's client", () => {
  it.each(RATCHET)('%s is at most %d KB', async (file, kilobytes) => {
    const { gzippedBytes } = await bundleSize({ file })
    expect(gzippedBytes / 1000).toBeLessThanOrEqual(kilobytes)
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
