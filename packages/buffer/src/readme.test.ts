import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import * as door from './index.ts'

describe('README', () => {
  it('shows an example that runs and prints what its comments say', () => {
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
    const example = /```js\n(.*?)```/s.exec(readme)?.[1] ?? ''
    const [imports, ...lines] = example.split('\n')
    expect(imports).toMatch(/^import \{ .* \} from '@millrace\/buffer'$/)
    const printed: string[] = []
    const log = (...values: unknown[]): void => void printed.push(values.join(' '))
    new Function('door', 'log', `const ${imports.slice(6).split(' from ')[0]} = door\n${lines.join('\n')}`)(
      door,
      log,
    )
    expect(printed.length).toBeGreaterThan(2)
    expect(printed).toEqual(Array.from(example.matchAll(/log\(.*\/\/ (.*)/g), (match) => match[1]))
  })
})
