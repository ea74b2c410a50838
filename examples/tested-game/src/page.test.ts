import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const read = (name: string) => readFileSync(path(name), 'utf8')

it('docs/TESTING.md shows the game and its test as they are', () => {
  const blocks = [...read('../../../docs/TESTING.md').matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(
    ([, code]) => code,
  )
  expect(blocks.slice(0, 2)).toEqual([read('race.ts'), read('race.test.ts')])
})

it('the test takes twenty lines', () => {
  const [, body] = /it\.each.*\n([\s\S]*)\n\}\)/.exec(read('race.test.ts')) ?? []
  expect(body.split('\n').length).toBeLessThanOrEqual(21)
})

it('the other test runs under node:test', async () => {
  const child = spawn(process.execPath, ['--test', path('race.node.ts')], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      text += chunk
    })
  const code = await new Promise((resolve) => child.on('close', resolve))
  expect(code, text).toBe(0)
  expect(text).toMatch(/pass 1\b/)
})
