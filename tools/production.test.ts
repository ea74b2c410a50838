import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { productionSources } from './production.ts'
import { root } from './workspace.ts'

describe('a source for production', () => {
  it('has no texts of mistakes, and keeps codes and causes', () => {
    expect(short("throw new MillraceError('argument-invalid', 'got ' + got, { cause })")).toBe(
      "throw new MillraceError('argument-invalid', '', { cause })",
    )
    expect(short("throw new TimerError('bad-time', text(ms))")).toBe("throw new TimerError('bad-time', '')")
    expect(short("throw new BitseryError('struct', 'every field name once', phrase(name))")).toBe(
      "throw new BitseryError('struct', '', '')",
    )
  })

  it.each([
    "throw new MillraceError('connect-failed', 'cannot connect to ' + address)",
    "throw new BitseryError(path, 'bytes of a valid value', error, 'bytes-invalid')",
    'throw new MillraceError(code, text)',
    "throw new Error('text')",
  ])('keeps what tells of a run: %s', (text) => {
    expect(short(text)).toBe(text)
  })

  it('has no constants that only go into such a text, be it through others', () => {
    const text = `function f(a) {
  const known = a.names
  const text = \`no \${a.b}; there are \${known.join()}\`
  const used = a.c
  if (used) throw new MillraceError('unsupported', text + used)
}`
    expect(short(text)).toBe(`function f(a) {
  ${''}
  ${''}
  const used = a.c
  if (used) throw new MillraceError('unsupported', '')
}`)
  })

  it('keeps a constant that is used for something else, also as a member of a literal', () => {
    const text = (use: string) =>
      `function f(a) {\n  const text = a.b()\n  ${use}\n  throw new BufferError('x', text)\n}`
    for (const use of ['g(text)', 'g({ text })', 'g({ [text]: 1 })']) {
      expect(short(text(use))).toBe(text(use).replace("'x', text", "'x', ''"))
    }
    for (const use of ['g(a.text)', 'g({ text: 1 })']) {
      expect(short(text(use))).toBe(
        text(use).replace("'x', text", "'x', ''").replace('const text = a.b()', ''),
      )
    }
  })

  it.each(['a', '/a'])(
    'gives nothing for parameters that only go into texts, also in other files of %s',
    (folder) => {
      const paths = [`${folder}/check.ts`, `${folder}/b/use.ts`]
      const shortened = productionSources(
        new Map([
          // Before the file that it imports, so that it has to be looked at again.
          [paths[1], "import { positive as check } from '../check.ts'\ncheck('rate ' + name, rate)"],
          [
            paths[0],
            `export function positive(what, value) { if (!(value > 0)) refuse(what, value) }
function refuse(what, got) { throw new MillraceError('argument-invalid', what + got) }
class A { #must(is, what = '') { if (!is) refuse(what, 0) }\n a() { this.#must(true, \`a \${this}\`) } }`,
          ],
        ]),
      )
      expect(
        shortened.get(paths[0]),
      ).toBe(`export function positive(what, value) { if (!(value > 0)) refuse('', '') }
function refuse(what, got) { throw new MillraceError('argument-invalid', '') }
class A { #must(is, what = '') { if (!is) refuse('', '') }\n a() { this.#must(true, '') } }`)
      expect(shortened.get(paths[1])).toBe("import { positive as check } from '../check.ts'\ncheck('', rate)")
    },
  )

  it('has no methods for tests, and the lines that it had', () => {
    const text = `class A {\n  invariants() {\n    if (this.a) throw new Error('')\n  }\n\n  b() {}\n}\nfoo()`
    expect(short(text).split('\n')).toEqual(['class A {', '  ', '', '', '', '  b() {}', '}', 'foo()'])
  })

  it('refuses a text that does something else', () => {
    expect(() => short("throw new MillraceError('unsupported', '' + this.count++)")).toThrow(
      'a.ts:1 does something while it makes the text of an error; do it before',
    )
  })
})

// Of what `npm run build` made.
describe('the packages for production', () => {
  it.each([
    [[], 'open takes'],
    [['--conditions', 'production'], 'argument-invalid'],
  ])('with %j, a program runs, and an error begins with "%s"', (conditions, begins) => {
    const { stdout, stderr } = spawnSync(
      process.execPath,
      [...conditions, '--input-type=module', '--eval', program],
      { cwd: join(root, 'bench'), encoding: 'utf8', timeout: 20_000 },
    )
    expect(stderr).toBe('')
    const [message, code, answer] = JSON.parse(stdout)
    expect(message.slice(0, begins.length)).toBe(begins)
    expect([code, answer]).toEqual(['argument-invalid', { left: 6 }])
  })
})

const program = `
import { createRequire } from 'node:module'
import { ProtoFactory } from 'millrace'
import { MillraceError } from '@millrace/core'
import { bits, contract, request } from '@millrace/proto-bits'
import { u32 } from 'bitsery-ts'

if (createRequire(import.meta.url)('@millrace/core').MillraceError !== MillraceError) throw new Error('two copies')
const factory = new ProtoFactory().add('game', bits(contract({ buy: request({ item: u32 }, { left: u32 }) })))
const server = factory.create('tcp', '127.0.0.1', 0, 'game')
server.on('accepted', (_, channel) => channel.on('buy', ({ item }) => ({ left: item - 1 })))
await server.bind()
const client = factory.create('tcp', '127.0.0.1', server.address.port, 'game')
const error = await client.open('nowhere').catch((error) => error)
const channel = await client.open()
const answer = await channel.request('buy', { item: 7 })
console.log(JSON.stringify([error.message, error.code, answer]))
await client.close()
await server.close()
`

function short(text: string): string {
  return productionSources(new Map([['a.ts', text]])).get('a.ts') ?? ''
}
