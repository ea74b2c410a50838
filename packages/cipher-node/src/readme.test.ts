import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const packageFolder = new URL('..', import.meta.url)

/** The examples of both READMEs, with the built packages: this package can reach them all. */
const examples = ['../../cipher/README.md', '../README.md'].flatMap((page) => {
  const readme = readFileSync(new URL(page, import.meta.url), 'utf8')
  return [...readme.matchAll(/```js\n(.*?)```/gs)].map(([, code]) => [page, code] as const)
})

describe('the examples of cipher and cipher-node', () => {
  it('are three', () => {
    expect(examples.length).toBe(3)
  })

  it.each(examples)('print what they say, %s', (_, code) => {
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
      cwd: packageFolder,
      encoding: 'utf8',
    })
    expect(stderr).toBe('')
    const printed = [...code.matchAll(/^\/\/ prints: (.*)$/gm)].map(([, line]) => line)
    expect(printed.length).toBeGreaterThan(0)
    expect(stdout.trim().split('\n')).toEqual(printed)
  })
})
