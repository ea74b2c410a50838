import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  bitseryStandsAlone,
  edgesGoDown,
  importsAreDeclared,
  indexImportedInside,
  noCircles,
  onlyDoorsAreUsed,
  type PackageFacts,
  purePackagesStayPure,
  ROOMS,
  type Rooms,
  roomsGoDown,
} from './floors.ts'
import { parseSource } from './source-file.ts'
import { doors, root, typescriptFiles, type WorkspacePackage, workspacePackages } from './workspace.ts'

describe('the workspace', () => {
  const packages = workspacePackages().map(factsOf)

  const rules = [
    edgesGoDown,
    importsAreDeclared,
    purePackagesStayPure,
    bitseryStandsAlone,
    onlyDoorsAreUsed,
    indexImportedInside,
    noCircles,
    roomsGoDown,
  ].map((rule) => ({ name: rule.name, rule }))

  it.each(rules)('keeps the rule $name', ({ rule }) => {
    expect(packages.length).toBeGreaterThan(0)
    expect(rule(packages)).toEqual([])
  })
})

describe('a planted violation is found', () => {
  const buffer = planted('buffer', {}, { 'index.ts': `export { Pool } from './pool.ts'`, 'pool.ts': '' })

  it('an edge that goes up, or has no floor', () => {
    const up = planted('buffer', { dependencies: { '@millrace/core': 'workspace:*' } })
    expect(edgesGoDown([up, planted('core')])).toEqual(["@millrace/buffer -> @millrace/core doesn't go down"])
    const sideways = planted('wire', { devDependencies: { '@millrace/cipher': 'workspace:*' } })
    expect(edgesGoDown([sideways, planted('cipher')])).toHaveLength(1)
    expect(edgesGoDown([planted('attic')])).toEqual(['@millrace/attic has no floor'])
    const down = planted('core', { dependencies: { '@millrace/buffer': 'workspace:*' } })
    const drawn = planted('server', { dependencies: { '@millrace/runner': 'workspace:*' } })
    expect(edgesGoDown([down, buffer, drawn, planted('runner')])).toEqual([])
  })

  it('an import that the manifest does not declare', () => {
    const source = {
      'a.ts': `import type { Pool } from '@millrace/buffer'\nimport { join } from 'node:path'`,
    }
    expect(importsAreDeclared([planted('wire', {}, source)])).toEqual([
      "packages/wire/src/a.ts imports @millrace/buffer, which @millrace/wire doesn't declare",
    ])
    const third = planted('wire', {}, { 'a.ts': `await import('left/pad')`, 'a.test.ts': `import 'vitest'` })
    expect(importsAreDeclared([third])).toHaveLength(1)
    const declared = planted('wire', { dependencies: { '@millrace/buffer': 'workspace:*' } }, source)
    expect(importsAreDeclared([declared])).toEqual([])
  })

  it('a pure package with a platform', () => {
    const withNode = planted('wire', {}, { 'a.ts': `import { join } from 'node:path'` })
    expect(purePackagesStayPure([withNode])).toHaveLength(1)
    expect(purePackagesStayPure([{ ...buffer, config: '../../tsconfig.base.json' }])).toHaveLength(1)
    expect(purePackagesStayPure([planted('transports')])).toHaveLength(1)
    expect(purePackagesStayPure([buffer])).toEqual([])
    const fuzzer = parseSource('packages/buffer/fuzz/a.ts', `import 'node:util'`)
    expect(purePackagesStayPure([{ ...buffer, files: [fuzzer] }])).toEqual([])
  })

  it('a dependency of bitsery-ts', () => {
    const leaning = planted('bitsery', { name: 'bitsery-ts', dependencies: { '@millrace/buffer': '*' } })
    expect(bitseryStandsAlone([leaning])).toHaveLength(1)
    const files = { 'a.ts': `export type { Pool } from '@millrace/buffer'\nimport './b.ts'` }
    expect(bitseryStandsAlone([planted('bitsery', { name: 'bitsery-ts' }, files)])).toHaveLength(1)
  })

  it('a way around the doors', () => {
    const inside = planted('wire', {}, { 'a.ts': `import { Pool } from '@millrace/buffer/src/pool.ts'` })
    expect(onlyDoorsAreUsed([inside, buffer])).toHaveLength(1)
    const around = planted('wire', {}, { 'a.test.ts': `import { Pool } from '../../buffer/src/pool.ts'` })
    expect(onlyDoorsAreUsed([around, buffer])).toHaveLength(1)
    const through = planted('wire', {}, { 'deep/a.ts': `import '@millrace/buffer'\nimport '../b.ts'` })
    expect(onlyDoorsAreUsed([through, buffer])).toEqual([])
  })

  it('a file that imports its own index', () => {
    const files = { 'index.ts': `export { a } from './a.ts'`, 'a.ts': `import type { A } from './index.ts'` }
    expect(indexImportedInside([planted('wire', {}, files)])).toHaveLength(1)
    expect(indexImportedInside([buffer])).toEqual([])
  })

  it('a circle, be it of types alone', () => {
    const files = {
      'a.ts': `import type { B } from './b.ts'`,
      'b.ts': `export type C = import('./deep/c.ts').C`,
      'deep/c.ts': `export { A } from '../a.ts'`,
    }
    expect(noCircles([planted('wire', {}, files)])).toEqual([
      'circle: packages/wire/src/a.ts -> packages/wire/src/b.ts -> packages/wire/src/deep/c.ts -> packages/wire/src/a.ts',
    ])
    expect(noCircles([buffer])).toEqual([])
  })

  describe('between rooms', () => {
    const table: Rooms = { '@millrace/wire': [['frames', 'hello'], ['bytes']] }
    const sound = {
      'index.ts': `export { a } from './frames/a.ts'`,
      'whole.test.ts': `import './index.ts'`,
      'frames/a.ts': `import { b } from './b.ts'\nimport { c } from '../bytes/c.ts'\nimport '@millrace/buffer'`,
      'frames/b.ts': '',
      'hello/a.ts': '',
      'bytes/c.ts': '',
      'bytes/c.test.ts': `import '../hello/a.ts'`,
    }
    const found = (files: Readonly<Record<string, string>>): string[] =>
      roomsGoDown([planted('wire', {}, { ...sound, ...files })], table)

    it('nothing, where they are kept', () => {
      expect(found({})).toEqual([])
      expect(roomsGoDown([planted('wire', {}, { 'any/a.ts': '' })], {})).toEqual([])
    })

    it('an import that goes up, be it of a type alone', () => {
      expect(found({ 'bytes/c.ts': `import type { A } from '../frames/a.ts'` })).toEqual([
        "packages/wire/src/bytes/c.ts imports ../frames/a.ts, which doesn't go down from bytes",
      ])
      expect(found({ 'bytes/c.ts': `export type A = import('../frames/a.ts').A` })).toHaveLength(1)
    })

    it('an import on one level, or out of the rooms', () => {
      expect(found({ 'hello/a.ts': `import { a } from '../frames/a.ts'` })).toHaveLength(1)
      expect(found({ 'frames/b.ts': `await import('../index.ts')` })).toHaveLength(1)
    })

    it('a file in no room, or in a folder that is none', () => {
      expect(found({ 'a.ts': '' })).toEqual(['packages/wire/src/a.ts lies in no room'])
      expect(found({ 'attic/a.ts': '' })).toEqual([
        'packages/wire/src/attic/a.ts lies in attic, which is no room of the table',
      ])
      expect(found({ 'attic/a.test.ts': '' })).toHaveLength(1)
      expect(found({ 'bytes/c.ts': `import '../attic/a.ts'`, 'attic/a.ts': '' })).toHaveLength(2)
    })

    it('a table that is out of date', () => {
      const { 'hello/a.ts': _, 'bytes/c.test.ts': __, ...rest } = sound
      expect(roomsGoDown([planted('wire', {}, rest)], table)).toEqual(['packages/wire/src has no room hello'])
      expect(roomsGoDown([], table)).toEqual(['@millrace/wire has rooms, but is no package'])
    })

    it.each(Object.entries(ROOMS))(
      'an import between two rooms of %s that does not go down',
      (name, levels) => {
        const rooms = levels.flatMap((level, at) => level.map((room) => ({ room, at })))
        for (const from of rooms) {
          const imports = rooms.map(({ room }) => `import '../${room}/b.ts'`).join('\n')
          const files = Object.fromEntries(rooms.map(({ room }) => [`${room}/b.ts`, '']))
          const pkg = planted('any', { name }, { ...files, [`${from.room}/a.ts`]: imports })
          const refused = rooms.filter((to) => to.at <= from.at && to.room !== from.room)
          expect(roomsGoDown([pkg], { [name]: levels })).toEqual(
            refused.map(
              ({ room }) =>
                `packages/any/src/${from.room}/a.ts imports ../${room}/b.ts, which doesn't go down from ${from.room}`,
            ),
          )
        }
      },
    )
  })
})

function factsOf(pkg: WorkspacePackage): PackageFacts {
  const config = join(pkg.path, 'tsconfig.json')
  return {
    directory: pkg.directory,
    manifest: pkg.manifest,
    config: existsSync(config)
      ? (/"extends"\s*:\s*"([^"]+)"/.exec(readFileSync(config, 'utf8'))?.[1] ?? '')
      : '',
    doors: doors(pkg).map(({ specifier }) => specifier),
    doorFiles: doors(pkg).map(({ source }) => `${pkg.directory}/${source}`),
    files: typescriptFiles(pkg.path).map((file) =>
      parseSource(`${pkg.directory}/${file}`, readFileSync(join(root, pkg.directory, file), 'utf8')),
    ),
  }
}

function planted(
  part: string,
  manifest: Partial<PackageFacts['manifest']> = {},
  files: Readonly<Record<string, string>> = {},
): PackageFacts {
  const name = manifest.name ?? `@millrace/${part}`
  const directory = `packages/${part}`
  return {
    directory,
    manifest: { version: '0.1.0', ...manifest, name },
    config: '../../tsconfig.pure.json',
    doors: [name],
    doorFiles: [`${directory}/src/index.ts`],
    files: Object.entries(files).map(([path, text]) => parseSource(`${directory}/src/${path}`, text)),
  }
}
