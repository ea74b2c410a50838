import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseSource } from './source-file.ts'
import {
  beyondRatchet,
  closedOptions,
  leftoverMarkers,
  longFiles,
  longFunctions,
  openDoors,
  platformInPure,
  silencedTypes,
} from './tidy.ts'
import { root, typescriptFiles, workspacePackages } from './workspace.ts'

/** What is too long today, with its lines. Only ever taken from: shorten the thing, not the rule. */
const RATCHET: Readonly<Record<string, number>> = {}

describe('the workspace', () => {
  const folders = [...workspacePackages().map(({ directory }) => directory), 'tools']
  const files = folders.flatMap((folder) =>
    typescriptFiles(join(root, folder)).map((file) => {
      const path = `${folder}/${file}`
      return parseSource(path, readFileSync(join(root, path), 'utf8'))
    }),
  )

  it('has no file and no function over its length', () => {
    const found = files.flatMap((file) => [...longFiles(file), ...longFunctions(file)])
    expect(beyondRatchet(found, RATCHET)).toEqual([])
  })

  const rules = [platformInPure, leftoverMarkers, silencedTypes, openDoors, closedOptions]

  it.each(rules.map((rule) => ({ name: rule.name, rule })))('keeps the rule $name', ({ rule }) => {
    expect(files.length).toBeGreaterThan(0)
    expect(files.flatMap(rule)).toEqual([])
  })
})

describe('a planted violation is found', () => {
  const lines = (count: number) => 'x()\n'.repeat(count)

  it('a long file, unless it is a test', () => {
    expect(longFiles(parseSource('a.ts', lines(321)))).toEqual([{ key: 'a.ts', lines: 321 }])
    expect(longFiles(parseSource('a.ts', lines(320)))).toEqual([])
    expect(longFiles(parseSource('a.test.ts', lines(321)))).toEqual([])
  })

  it('a long function of every kind', () => {
    const text = `function one() {\n${lines(69)}}
class A {
  #two() {\n${lines(69)}}
  three = () => {\n${lines(69)}}
  short() {\n${lines(68)}}
}
const four = function () {\n${lines(69)}}
const five = { six(){\n${lines(69)}} }
run(() => {\n${lines(69)}})
`
    expect(longFunctions(parseSource('a.ts', text)).map(({ key }) => key)).toEqual([
      'a.ts#one',
      'a.ts##two',
      'a.ts#three',
      'a.ts#four',
      'a.ts#six',
      'a.ts#(argument)',
    ])
    expect(longFunctions(parseSource('testkit/src/a.ts', text))).toEqual([])
  })

  it('a ratchet that was passed, and one that can be lowered', () => {
    const found = [
      { key: 'new.ts', lines: 500 },
      { key: 'grown.ts', lines: 450 },
      { key: 'same.ts', lines: 420 },
      { key: 'shorter.ts', lines: 410 },
    ]
    const ratchet = { 'grown.ts': 440, 'same.ts': 420, 'shorter.ts': 430, 'gone.ts': 470 }
    expect(beyondRatchet(found, ratchet)).toEqual([
      'new.ts has 500 lines',
      'grown.ts grew from 440 to 450 lines',
      'shorter.ts shrank to 410 lines: lower its ratchet',
      'gone.ts is within the limit now: take it off the ratchet',
    ])
  })

  it('a clock, a dice and a console in a pure package', () => {
    const text = `Date.now(); Math.random()\nconsole.log('Date.now'); new Date(); new Date(5); Math.max(1, 2)`
    expect(platformInPure(parseSource('packages/wire/src/a.ts', text))).toEqual([
      'packages/wire/src/a.ts:1 uses Date.now',
      'packages/wire/src/a.ts:1 uses Math.random',
      'packages/wire/src/a.ts:2 uses console.log',
      'packages/wire/src/a.ts:2 uses new Date()',
    ])
    expect(platformInPure(parseSource('packages/bitsery/src/a.ts', text))).toHaveLength(4)
    expect(platformInPure(parseSource('packages/transports/src/a.ts', text))).toEqual([])
    expect(platformInPure(parseSource('packages/wire/src/a.test.ts', text))).toEqual([])
  })

  it('a marker in a comment, not in a text', () => {
    const marker = ['TO', 'DO'].join('')
    expect(leftoverMarkers(parseSource('a.ts', `x()\n// ${marker}: later`))).toHaveLength(1)
    expect(leftoverMarkers(parseSource('a.ts', `x('${marker}')\n// done`))).toEqual([])
  })

  it('a silenced type', () => {
    const [cast, comment] = [['as', 'any'].join(' '), ['@ts', 'ignore'].join('-')]
    const text = `const a = b ${cast}\n// ${comment}\nconst c = <${'any'}>d\nconst e = '${cast}' as unknown`
    expect(silencedTypes(parseSource('a.ts', text))).toHaveLength(3)
  })

  it('an option that does not take undefined', () => {
    const text = `export interface AOptions { readonly a?: number; readonly b?: (() => undefined) | undefined; readonly c: 1 }
export interface Body { readonly d?: number }`
    const found = ['packages/wire/src/a.ts: AOptions.a does not take undefined']
    expect(closedOptions(parseSource('packages/wire/src/a.ts', text))).toEqual(found)
    expect(closedOptions(parseSource('testkit/src/a.ts', text))).toEqual([])
  })

  it('a door that lets everything through', () => {
    expect(openDoors(parseSource('packages/wire/src/index.ts', `export * from './a.ts'`))).toHaveLength(1)
    expect(openDoors(parseSource('packages/wire/src/index.ts', `export { a } from './a.ts'`))).toEqual([])
  })
})
