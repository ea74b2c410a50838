/** What a program may export that has nothing but `millrace` installed: its declarations must have a name for every type. */
import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { publicPackages, root } from './workspace.ts'

const compilers = ['typescript', 'typescript-5.9']

const program = `import {
  array, bits, contract, enumeration, f32, map, nodeLoop, optional, packed, ProtoFactory, protoFactory, range, request, Sink, text, Timer, u32, variant,
} from 'millrace'
export const game = contract({
  move: { id: u32, x: f32 },
  chat: { line: text(200), to: optional(u32) },
  buy: request({ item: u32 }, { left: u32 }),
  look: packed({ yaw: range(u32, 0, 360) }),
  hit: variant({ sword: { damage: u32 }, spell: text(20) }),
  scores: map(text(20), u32, 100),
  world: { monsters: array({ kind: enumeration(['orc', 'elf']) }, 100) },
})
export const protocol = bits(game)
export const net = protoFactory.add('game', protocol)
export const other = new ProtoFactory().add('game', protocol)
export const pipe = net.create('tcp', '127.0.0.1', 0, 'game')
export const plain = net.create('tcp', '127.0.0.1', 0)
export const opened = pipe.open()
export const channels = () => [...pipe.channels()]
export const join = async () => {
  const channel = await pipe.open()
  return { channel, reply: await channel.request('buy', { item: 1 }), numbers: channel.statistics() }
}
export const sink = new Sink<NonNullable<(typeof game)['messages']>>((message) => message.key)
export const timer = new Timer(nodeLoop)
`

let folder: string

/** As pnpm lays packages out: each sees what it depends on, and the program sees `millrace` alone. */
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-names-'))
  const store = (name: string) => join(folder, 'node_modules/.pnpm', name.replace('/', '+'), 'node_modules')
  for (const { manifest, path } of publicPackages()) {
    const home = join(store(manifest.name), manifest.name)
    mkdirSync(home, { recursive: true })
    cpSync(join(path, 'package.json'), join(home, 'package.json'))
    cpSync(join(path, 'dist'), join(home, 'dist'), { recursive: true })
    const all = publicPackages().map((other) => other.manifest.name)
    for (const name of Object.keys(manifest.dependencies ?? {}).filter((name) => all.includes(name))) {
      link(join(store(name), name), join(store(manifest.name), name))
    }
  }
  link(join(store('millrace'), 'millrace'), join(folder, 'node_modules/millrace'))
  writeFileSync(join(folder, 'package.json'), '{ "name": "stranger", "type": "module", "private": true }')
  writeFileSync(join(folder, 'program.ts'), program)
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe.each(compilers)('with %s', (compiler) => {
  it('a program that knows only millrace, and no types of Node, exports what millrace makes', async () => {
    const options = {
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      declaration: true,
      emitDeclarationOnly: true,
      outDir: compiler,
      target: 'es2022',
      module: 'nodenext',
      types: [],
    }
    const project = join(folder, `${compiler}.json`)
    writeFileSync(project, JSON.stringify({ compilerOptions: options, files: ['program.ts'] }))
    expect(await run(join(root, 'node_modules', compiler, 'bin/tsc'), '-p', project)).toBe('')
    const emitted = readFileSync(join(folder, compiler, 'program.d.ts'), 'utf8')
    const named = [...emitted.matchAll(/import\("([^"]+)"\)/g)].map(([, specifier]) => specifier)
    expect([...new Set(named)]).toEqual(['millrace'])
  }, 60_000)
})

function link(target: string, path: string): void {
  mkdirSync(dirname(path), { recursive: true })
  symlinkSync(target, path, 'junction')
}

function run(script: string, ...args: readonly string[]): Promise<string> {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [script, '--pretty', 'false', ...args], { cwd: folder })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk
    })
    child.on('error', fail)
    child.on('close', () => done(output))
  })
}
