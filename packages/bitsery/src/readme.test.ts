import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
const blocks = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code)

/** What a block says that it prints: behind each call, and in comments on the lines below it. */
function promised(code: string): string {
  const lines = code
    .split('\n')
    .flatMap((line) => line.match(/(?:console\.log\(.*\) |^)\/\/ (.*)$/)?.[1] ?? [])
  return lines.join(' ')
}

it.each(blocks.map((code, index) => [index, code] as const))(
  'block %i of the README prints what it says',
  (_, code) => {
    const folder = mkdtempSync(join(tmpdir(), 'bitsery-readme-'))
    try {
      const file = join(folder, 'example.mts')
      const source = (name: string): string => JSON.stringify(new URL(`./${name}.ts`, import.meta.url).href)
      writeFileSync(
        file,
        code
          .replaceAll("'bitsery-ts'", source('index'))
          .replaceAll("'bitsery-ts/descriptor'", source('descriptor')),
      )
      const { stdout, stderr } = spawnSync(process.execPath, [file], {
        encoding: 'utf8',
        env: { ...process.env, NO_COLOR: '1' },
      })
      expect(stderr).toBe('')
      expect(promised(code)).not.toBe('')
      expect(stdout.replace(/\s+/g, ' ').trim()).toBe(promised(code))
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
)

it('has blocks', () => {
  expect(blocks.length).toBe(5)
})
