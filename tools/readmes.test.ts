import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as millrace from 'millrace'
import { afterAll, describe, expect, it } from 'vitest'
import { publicPackages, root, workspacePackages } from './workspace.ts'

const read = (path: string) => readFileSync(join(root, path), 'utf8')
const blocks = (path: string, language: string) =>
  [...read(path).matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)]
    .filter(([, name]) => name === language)
    .map(([, , code]) => code)

const children: ChildProcess[] = []
afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
})

/** A program of examples/hello, and a promise of its first line that fits. */
function hello(file: string, ...words: string[]) {
  const child = spawn(process.execPath, [join(root, 'examples/hello', file), ...words])
  children.push(child)
  let text = ''
  let errors = ''
  child.stderr.on('data', (chunk) => {
    errors += chunk
  })
  return (wanted: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const look = (chunk: unknown = '') => {
        text += chunk
        const found = wanted.exec(text)
        if (found !== null) resolve(found)
      }
      child.stdout.on('data', look)
      child.on('close', () => reject(new Error(`${file} ended before it said ${wanted}: ${text}${errors}`)))
      look()
    })
}

describe('the first example', () => {
  const files = ['contract', 'server', 'client'].map((name) => read(`examples/hello/${name}.ts`))

  it.each(['README.md', 'packages/millrace/README.md'])(
    'stands in %s as it is in examples/hello',
    (readme) => {
      expect(blocks(readme, 'ts')).toEqual(files)
    },
  )

  it('is short', () => {
    const lines = (text: string) => text.split('\n').filter((line) => line.trim() !== '').length
    const [, server, client] = files.map(lines)
    expect(server + client).toBeLessThanOrEqual(20)
  })

  it('runs: messages go from process to process', async () => {
    const [, port] = await hello('server.ts', '0')(/listening at tcp:\/\/127\.0\.0\.1:(\d+)/)
    const ada = hello('client.ts', port)
    await ada(/Ada: hello, I see 0 others/)
    await hello('client.ts', port, 'Bob')(/Bob: hello, I see 1 others/)
    await ada(/Bob: hello, I see 1 others/)
  })
})

describe('the README of a package', () => {
  const doors: Readonly<Record<string, () => Promise<object>>> = {
    '@millrace/buffer': () => import('@millrace/buffer'),
    '@millrace/core': () => import('@millrace/core'),
    '@millrace/datagram': () => import('@millrace/datagram'),
    '@millrace/proto-bits': () => import('@millrace/proto-bits'),
    '@millrace/proto-msgpack': () => import('@millrace/proto-msgpack'),
    '@millrace/sim': () => import('@millrace/sim'),
    '@millrace/transports/ipc': () => import('@millrace/transports/ipc'),
    '@millrace/transports/node-platform': () => import('@millrace/transports/node-platform'),
    '@millrace/transports/tcp': () => import('@millrace/transports/tcp'),
    '@millrace/transports/udp': () => import('@millrace/transports/udp'),
    '@millrace/wire': () => import('@millrace/wire'),
    'bitsery-ts': () => import('bitsery-ts'),
    'node:crypto': () => import('node:crypto'),
    'node:os': () => import('node:os'),
  }

  it.each(publicPackages().map(({ directory }) => directory))(
    '%s is there, and names the package',
    (directory) => {
      const { name } = JSON.parse(read(`${directory}/package.json`))
      expect(read(`${directory}/README.md`)).toMatch(new RegExp(`^# ${name}\n`))
    },
  )

  it.each(['core', 'datagram', 'proto-bits', 'sim', 'transports', 'wire'])(
    '%s has an example that prints what it says',
    async (name) => {
      const [code, ...others] = blocks(`packages/${name}/README.md`, 'js')
      expect(others).toEqual([])
      const body = code.replace(/^import (\{.*\}) from '(.*)'$/gm, "const $1 = await door('$2')")
      const printed: string[] = []
      const console = { log: (...words: unknown[]) => void printed.push(words.join(' ')) }
      const AsyncFunction = (async () => {}).constructor as new (
        ...words: string[]
      ) => (...values: unknown[]) => Promise<void>
      await new AsyncFunction('door', 'console', body)((path: string) => doors[path](), console)
      expect(printed.length).toBeGreaterThan(0)
      expect(printed).toEqual([...code.matchAll(/^\/\/ prints: (.*)$/gm)].map(([, line]) => line))
    },
  )

  it('of an example is there too', () => {
    const bare = workspacePackages()
      .filter(({ directory }) => directory.startsWith('examples/'))
      .filter(({ path }) => !existsSync(join(path, 'README.md')))
    expect(bare.map(({ directory }) => directory)).toEqual([])
  })
})

describe('a call that a page shows', () => {
  const classes: Readonly<Record<string, { readonly prototype: object }>> = {
    channel: millrace.Channel,
    net: millrace.ProtoFactory,
    pipe: millrace.Pipe,
    protoFactory: millrace.ProtoFactory,
    sink: millrace.Sink,
    timer: millrace.Timer,
  }
  /** Fields that a program may set: no prototype has them. */
  const fields: readonly string[] = ['channel.data' satisfies `channel.${keyof millrace.Channel & 'data'}`]

  it.each(['README.md', 'docs/GUIDE.md', 'docs/SEED-MAP.md', 'packages/millrace/README.md'])(
    'exists: %s',
    (page) => {
      const isCall = (line: string) => !/\| not yet: /.test(line)
      const text = read(page)
        .replaceAll(/`millrace:[^`]*`|'millrace:[^']*'|\([^()]*\.test\.ts\)|`[^`\n]*->[^`\n]*`/g, '')
        .split('\n')
        .filter(isCall)
        .join('\n')
      const calls = [...text.matchAll(/\b(channel|net|pipe|protoFactory|sink|timer)\.(\w+)/g)]
      const missing = calls
        .filter(([call, object, name]) => !fields.includes(call) && !(name in classes[object].prototype))
        .map(([call]) => call)
      expect(calls.length).toBeGreaterThan(3)
      expect(missing).toEqual([])
    },
  )
})
