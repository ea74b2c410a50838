import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
const blocks = [...readme.matchAll(/^```(\S*) ?(\S*)\n([\s\S]*?)^```$/gm)].map(
  ([, language, path, code]) => ({
    language,
    path,
    code,
  }),
)

describe('the code in the README', () => {
  it('is there, and says where it is from', () => {
    expect(blocks.length).toBeGreaterThanOrEqual(7)
    for (const { language, path } of blocks) expect([language, path.startsWith('src/')]).toEqual(['ts', true])
  })

  it.each(blocks)('is in $path as it stands', ({ path, code }) => {
    expect(readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')).toContain(code)
  })

  it('links to files that exist', () => {
    const links = [...readme.matchAll(/\]\((src[^)]*)\)/g)].map(([, path]) => path)
    expect(links.length).toBeGreaterThan(3)
    for (const path of links.filter((link) => link.endsWith('.ts'))) {
      expect(readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')).not.toBe('')
    }
  })
})
