import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { diagrams, draw } from './states.ts'
import { root } from './workspace.ts'

describe('the state diagrams', () => {
  it.each(Object.entries(diagrams))(
    '%s shows the table of the source (else: node tools/states.ts)',
    (path, table) => {
      expect(existsSync(join(root, path))).toBe(true)
      expect(readFileSync(join(root, path), 'utf8')).toBe(draw(table))
    },
  )

  it.each(Object.entries(diagrams))(
    '%s leads to known states only, and every state is reached',
    (_path, table) => {
      const states = Object.keys(table)
      const reached = new Set([states[0]])
      for (const state of reached) for (const next of Object.values(table[state])) reached.add(next)
      expect([...reached].sort()).toEqual([...states].sort())
    },
  )

  it('draws a beginning, transitions and an end', () => {
    expect(draw({ fresh: { go: 'done' }, done: {} })).toBe(
      'stateDiagram-v2\n  [*] --> fresh\n  fresh --> done: go\n  done --> [*]\n',
    )
  })
})
