import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import * as api from './index.ts'

/*
 * The pages of docs/ are programs. The `ts` blocks of a page make one module, in which
 *   expression // → 05 00         must give these bytes, or a value equal to the expression behind the arrow;
 *   expression // throws text     must throw an error with the text in its message.
 * A table with a header that has `schema` (or `TypeScript schema`) is a list of claims, see `claimsOf`. The first line of a
 * `bytes` or `bits` block must be bytes that the page claims elsewhere, its line `bits` the same bytes bit by bit.
 * A `cpp` block stands in a file of docs/cpp, which was compiled; what that printed (docs/cpp/*.txt) the pages must claim.
 */

const docs = fileURLToPath(new URL('../docs', import.meta.url))
const root = fileURLToPath(new URL('../../..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'bitsery-docs-'))
afterAll(() => rmSync(folder, { recursive: true }))

type Fence = { readonly language: string; readonly line: number; readonly lines: readonly string[] }
type Row = { readonly line: number; readonly cells: ReadonlyMap<string, string> }
type Page = { readonly name: string; readonly fences: readonly Fence[]; readonly rows: readonly Row[] }
/** What a page says, and what is so, both as texts or plain values. */
type Check = { readonly line: number; readonly got: unknown; readonly wanted: unknown }

const BYTES = /^(no bytes|[\da-f]{2}( [\da-f]{2})*)$/
const ERROR = /^(DataOverflow|InvalidData|InvalidPointer|ReadingError)$/

const pages = readdirSync(docs, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.md'))
  .map((name) => name.replaceAll('\\', '/'))
  .sort()
  .map(pageOf)

function pageOf(name: string): Page {
  const fences: { language: string; line: number; lines: string[] }[] = []
  const rows: Row[] = []
  let header: string[] = []
  let isOpen = false
  for (const [index, line] of readFileSync(join(docs, name), 'utf8').split('\n').entries()) {
    const fence = /^```(\w*)$/.exec(line)
    if (fence !== null) {
      if (!isOpen) fences.push({ language: fence[1], line: index + 1, lines: [] })
      isOpen = !isOpen
    } else if (isOpen) {
      fences.at(-1)?.lines.push(line)
    } else if (!line.startsWith('|')) {
      header = []
    } else if (header.length === 0) {
      header = cellsOf(line)
    } else if (!/^\|[-|]+\|$/.test(line)) {
      const cells = cellsOf(line)
      if (cells.length !== header.length) throw new Error(`${name}:${index + 1} has ${cells.length} cells`)
      rows.push({ line: index + 1, cells: new Map(cells.map((cell, i) => [header[i], cell])) })
    }
  }
  if (isOpen) throw new Error(`${name} has an open block`)
  return { name, fences, rows }
}

/** The cells of a table row; code loses its backticks. */
function cellsOf(line: string): string[] {
  return line
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map((cell) =>
      cell
        .trim()
        .replaceAll('\\|', '|')
        .replace(/^`(.*)`$/, '$1'),
    )
}

/** The module that a page is. */
function moduleOf(page: Page): string {
  const code: string[] = []
  for (const fence of page.fences) {
    if (fence.language === 'ts') code.push(...fence.lines.map((line, i) => codeOf(line, fence.line + 1 + i)))
  }
  const claims = page.rows.flatMap(claimsOf)
  // What the blocks don't import is there for the tables anyway.
  const taken = new Set(code.join('\n').match(/[A-Za-z_$][\w$]*/g))
  const spare = Object.keys(api).filter((name) => !taken.has(name) && claims.join(' ').includes(name))
  return [
    ...(spare.length > 0 ? [`import { ${spare.join(', ')} } from 'bitsery-ts'`] : []),
    `import { Claims } from './claims.ts'`,
    `export const $ = new Claims()`,
    ...code,
    ...claims,
    '',
  ].join('\n')
}

function codeOf(text: string, line: number): string {
  const match = /^(\s*)(?:const (\w+) = )?(.*\S) \/\/ (→|throws) (.+)$/.exec(text)
  if (match === null) return text
  const [, indent, name, expression, sign, said] = match
  const quoted = JSON.stringify(said)
  if (sign === 'throws') return `${indent}$.throws(${line}, () => ${expression}, ${quoted})`
  const wanted = BYTES.test(said) ? quoted : `(${said})`
  if (name === undefined) return `${indent}$.gives(${line}, ${expression}, ${wanted})`
  return `${indent}const ${name} = ${expression}; $.gives(${line}, ${name}, ${wanted})`
}

/**
 * Columns: `value` and `bytes` claim that the value is written as these bytes and read back equal (or as `reads back`);
 * `bytes` and `reading says` what is read from the bytes; `value` and `refused with` how writing refuses, or, without
 * a value, making the schema; `from`, `to`, `new reads old` and `old reads new` what `diff` says.
 */
function claimsOf({ line, cells }: Row): string[] {
  const schema = cells.get('TypeScript schema') ?? cells.get('schema')
  const value = cells.get('value')
  const bytes = cells.get('bytes')
  const read = cells.get('reading says')
  const refused = cells.get('refused with')
  const [from, to] = [cells.get('from'), cells.get('to')]
  if (from !== undefined && to !== undefined) {
    const wanted = [cells.get('new reads old'), cells.get('old reads new')]
    return [`$.changes(${line}, diff(${from}, ${to}), ${JSON.stringify(wanted)})`]
  }
  if (schema === undefined)
    return bytes === undefined ? [] : [`$.fail(${line}, 'a row of bytes without a schema')`]
  const claims: string[] = []
  if (value !== undefined && bytes !== undefined) {
    const back = cells.get('reads back') || value
    claims.push(`$.row(${line}, ${schema}, (${value}), ${JSON.stringify(bytes)}, (${back}))`)
  }
  if (bytes !== undefined && read !== undefined) {
    const wanted = ERROR.test(read) ? JSON.stringify(read) : `{ value: (${read}) }`
    claims.push(`$.reads(${line}, ${schema}, ${JSON.stringify(bytes)}, ${wanted})`)
  }
  if (refused !== undefined) {
    // Wrong on purpose: the compiler must not look at these values.
    const attempt = value === undefined || value === '' ? schema : `(${schema}).encode(${value} as never)`
    claims.push(`$.throws(${line}, () => ${attempt}, ${JSON.stringify(refused)})`)
  }
  return claims.length > 0 ? claims : [`$.fail(${line}, 'a row of a schema without a claim')`]
}

/** Given to every page as claims.ts. */
const CLAIMS = `
import type { Schema, SchemaDiff } from 'bitsery-ts'

export type Check = { readonly line: number; readonly got: unknown; readonly wanted: unknown }

function hex(value: unknown): unknown {
  if (!(value instanceof Uint8Array)) return value
  return value.length === 0 ? 'no bytes' : Array.from(value, (byte) => byte.toString(16).padStart(2, '0')).join(' ')
}

function bytesOf(text: string): Uint8Array {
  return text === 'no bytes' ? new Uint8Array() : Uint8Array.from(text.split(' '), (byte) => Number.parseInt(byte, 16))
}

export class Claims {
  readonly checks: Check[] = []

  gives(line: number, got: unknown, wanted: unknown): void {
    const isText = typeof wanted === 'string' && typeof got === 'number'
    this.checks.push({ line, got: isText ? String(got) : hex(got), wanted: hex(wanted) })
  }

  changes(line: number, diff: SchemaDiff, wanted: unknown): void {
    this.checks.push({ line, got: [diff.newReadsOld, diff.oldReadsNew], wanted })
  }

  fail(line: number, wanted: string): void {
    this.checks.push({ line, got: '', wanted })
  }

  throws(line: number, attempt: () => unknown, wanted: string): void {
    let got = 'nothing thrown'
    try {
      attempt()
    } catch (error) {
      got = String(error)
    }
    this.checks.push({ line, got: got.includes(wanted) ? wanted : got, wanted })
  }

  row<T>(line: number, schema: Schema<T>, value: T, bytes: string, back: unknown): void {
    for (const backend of ['compiled', 'interpreted'] as const) {
      const of = schema.with({ backend })
      const written = of.encode(value)
      this.checks.push({ line, got: hex(written), wanted: bytes })
      this.checks.push({ line, got: of.measure(value), wanted: written.length })
    }
    this.reads(line, schema, bytes, { value: back })
  }

  reads(line: number, schema: Schema<unknown>, bytes: string, wanted: string | { value: unknown }): void {
    for (const backend of ['compiled', 'interpreted'] as const) {
      const result = schema.with({ backend }).decode(bytesOf(bytes))
      const got = result.ok ? { value: result.value } : result.error
      this.checks.push({ line, got, wanted })
    }
  }
}
`

/** Writes all pages as modules into one folder; `paths` are those of the modules. */
function written(): ReadonlyMap<Page, string> {
  writeFileSync(join(folder, 'claims.ts'), CLAIMS)
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  const paths = new Map<Page, string>()
  for (const page of pages) {
    const path = join(folder, `${page.name.replaceAll('/', '-').slice(0, -3)}.ts`)
    writeFileSync(path, moduleOf(page))
    paths.set(page, path)
  }
  return paths
}

const modules = written()

type Loaded = { readonly $: { readonly checks: readonly Check[] }; readonly server?: Server }

/** Runs a page, the first time. */
function load(page: Page): Promise<Loaded> {
  return import(/* @vite-ignore */ pathToFileURL(modules.get(page) as string).href)
}

async function checksOf(page: Page): Promise<readonly Check[]> {
  const { $, server } = await load(page)
  server?.unref()
  return $.checks
}

/** All bytes that a page claims, wherever it does. */
function bytesOn(page: Page): Set<string> {
  const found = new Set<string>()
  for (const { cells } of page.rows) found.add(cells.get('bytes') ?? '')
  for (const { language, lines } of page.fences) {
    if (language !== 'ts') continue
    for (const line of lines) found.add(/\/\/ → (.+)$/.exec(line)?.[1] ?? '')
  }
  return found
}

describe('a page of the docs', () => {
  it.each(pages)('$name is true', async (page) => {
    for (const { line, got, wanted } of await checksOf(page)) {
      expect({ line, is: got }).toEqual({ line, is: wanted })
    }
  })

  it.each(pages.filter(({ name }) => name.startsWith('types/')))('$name claims something', async (page) => {
    expect((await checksOf(page)).length).toBeGreaterThan(3)
  })

  it.each(pages)('$name has pictures of bytes that it claims', (page) => {
    const claimed = bytesOn(page)
    for (const { language, lines, line } of page.fences) {
      if (language !== 'bytes' && language !== 'bits') continue
      const [first] = lines
      expect({ line, isClaimed: claimed.has(first) || first }).toEqual({ line, isClaimed: true })
      if (language !== 'bits') continue
      const bits = lines
        .slice(1)
        .flatMap((text) => (/^[01 |]+$/.test(text) ? text.match(/[01]/g) : null) ?? [])
        .join('')
      const reversed = (byte: string) => [...Number.parseInt(byte, 16).toString(2).padStart(8, '0')].reverse()
      expect({ line, bits }).toEqual({ line, bits: first.split(' ').flatMap(reversed).join('') })
    }
  })

  it('passes the compiler', () => {
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        extends: join(root, 'tsconfig.base.json'),
        compilerOptions: { typeRoots: [join(root, 'node_modules/@types')] },
        include: ['*.ts'],
        exclude: [],
      }),
    )
    const tsc = join(root, 'node_modules/typescript/bin/tsc')
    const { stdout } = spawnSync(process.execPath, [tsc, '-p', folder, '--pretty', 'false'], {
      encoding: 'utf8',
    })
    // Errors in the sources of the package are the business of other checks.
    const own = stdout
      .split('\n')
      .filter((line) => /^[^/\\]*\.ts\(/.test(line) || line.includes(basename(folder)))
    expect(own).toEqual([])
  })
})

describe('the C++ of the docs', () => {
  const sources = existsSync(join(docs, 'cpp')) ? readdirSync(join(docs, 'cpp')) : []
  const compiled = sources
    .filter((name) => /\.(cpp|hpp)$|^CMakeLists/.test(name))
    .map((name) => plain(readFileSync(join(docs, 'cpp', name), 'utf8').split('\n')))

  /** Lines without indentation and without empty ones. */
  function plain(lines: readonly string[]): string {
    return lines
      .map((line) => line.trim())
      .filter((line) => line !== '')
      .join('\n')
  }

  it.each(pages)('$name shows only what was compiled', (page) => {
    for (const { language, lines, line } of page.fences) {
      if (language !== 'cpp' && language !== 'cmake') continue
      const isCompiled = compiled.some((text) => text.includes(plain(lines)))
      expect({ line, isCompiled }).toEqual({ line, isCompiled: true })
    }
  })

  // Lines such as "text: 01 61" of docs/cpp/*.txt: the page, and what its C++ printed.
  const printed = sources
    .filter((name) => /^[a-z]+\.txt$/.test(name))
    .flatMap((name) =>
      readFileSync(join(docs, 'cpp', name), 'utf8')
        .trim()
        .split('\n'),
    )
    .map((line) => line.split(': '))
  const hasCpp = ({ fences }: Page) => fences.some(({ language }) => language === 'cpp')
  const ownOf = ({ name }: Page) => printed.filter(([own]) => own === basename(name, '.md'))

  it.each(pages.filter(hasCpp))('$name claims what C++ printed', (page) => {
    const claimed = bytesOn(page)
    expect(ownOf(page).length).toBeGreaterThan(0)
    for (const [, bytes] of ownOf(page)) expect([...claimed]).toContain(bytes)
  })

  it('is answered by the server of cpp.md', async () => {
    const [join, , move, chat, welcome, snapshot, said] = printed
      .filter(([name]) => name === 'cpp')
      .map(([, bytes]) => Buffer.from(bytes.replaceAll(' ', ''), 'hex'))
    const wanted = Buffer.concat([welcome, snapshot, said])
    const { server } = await load(pages.find(({ name }) => name === 'cpp.md') as Page)
    if (server === undefined) throw new Error('cpp.md exports no server')
    if (!server.listening) await once(server, 'listening')
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
    try {
      // Cut where no message ends.
      const sent = Buffer.concat([join, move, chat])
      socket.write(sent.subarray(0, 13))
      setImmediate(() => socket.write(sent.subarray(13)))
      let got = Buffer.alloc(0)
      for await (const chunk of socket) {
        got = Buffer.concat([got, chunk])
        if (got.length >= wanted.length) break
      }
      expect(got.toString('hex')).toBe(wanted.toString('hex'))
    } finally {
      socket.destroy()
      server.close()
    }
  })

  it('has a page for everything that C++ printed', () => {
    const shown = pages.flatMap(ownOf)
    expect(printed.filter((line) => !shown.includes(line))).toEqual([])
  })
})
