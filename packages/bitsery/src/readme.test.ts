import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'

it('the example of the README prints what it says', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const code = readme.match(/```ts\n([\s\S]*?)```/)?.[1] as string
  const index = new URL('./index.ts', import.meta.url).href
  const folder = mkdtempSync(join(tmpdir(), 'bitsery-readme-'))
  try {
    const file = join(folder, 'example.mts')
    writeFileSync(file, code.replace("'bitsery-ts'", JSON.stringify(index)))
    const { stdout, stderr } = spawnSync(process.execPath, [file], {
      encoding: 'utf8',
      env: { ...process.env, NO_COLOR: '1' },
    })
    expect(stderr).toBe('')
    const printed = [...code.matchAll(/console\.log\(.*\) \/\/ (.*)/g)].map((match) => match[1])
    expect(printed.length).toBe(4)
    expect(stdout.trim().split('\n').join(' ').replace(/\s+/g, ' ')).toBe(printed.join(' '))
  } finally {
    rmSync(folder, { recursive: true })
  }
})
