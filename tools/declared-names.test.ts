/** What a program may export that has nothing but `millrace` installed: its declarations must have a name for every type. */
import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { publicPackages, root } from './workspace.ts'

const compilers = ['typescript', 'typescript-5.9']

/** What a game server and its client use. */
const program = `import {
  array, bits, contract, enumeration, f32, generateKeyPair, message, msgpack, nodeLoop, optional, ProtoFactory, protoFactory, request, Sink, struct, Tcp,
  text, Timer, u32,
} from 'millrace'
export const monster = struct({ kind: enumeration(['orc', 'elf']), at: optional(f32) })
export const line = text(200)
export const herd = array(monster, 100)
export const kinds = enumeration(['orc', 'elf'])
export const steer = message({ x: f32 }, { from: 'client' })
export const take = request({ item: u32 }, { left: u32 })
export const game = contract({
  move: { id: u32, x: f32 },
  chat: { line: text(200), to: optional(u32) },
  aim: message({ yaw: f32 }, { from: 'client', rate: 20 }),
  buy: request({ item: u32 }, { left: u32 }),
  world: { monsters: array(monster, 100) },
})
export const protocol = bits(game)
export const lobby = msgpack<{ hello: string }>()
export const net = protoFactory.add('game', protocol).add('lobby', lobby)
export const other = new ProtoFactory().add('game', protocol)
export const pipe = net.create('tcp', '127.0.0.1', 0, 'game')
export const plain = net.create('tcp', '127.0.0.1', 0)
export const byUrl = net.create('tcp://127.0.0.1:0', 'lobby').withData<{ name: string }>()
export const unaddressed = net.create('arena')
export const opened = pipe.open()
export const settings = pipe.getProto().as(Tcp)
export const where = () => pipe.address
export const channels = () => [...pipe.channels()]
export const numbers = () => pipe.statistics()
export const join = async () => {
  const channel = await pipe.open()
  const { encryption, peerAddress, reason } = channel
  const parts = { channel, encryption, peerAddress, reason, closed: channel.closed, numbers: channel.statistics() }
  return { ...parts, reply: await channel.request('buy', { item: 1 }), sent: channel.send('move', { id: 1, x: 1 }) }
}
export const sink = new Sink<NonNullable<(typeof game)['messages']>>((message) => message.key)
export const timer = new Timer(nodeLoop)
export const keys = generateKeyPair()
`

/** The other doors beside it. */
const beside = `import { bits, contract, text, u32 } from 'millrace'
import { BlockPool, nodePlatform, tcp } from 'millrace/extend'
import * as t from 'millrace/schema'
export const game = contract({
  look: t.bits({ yaw: t.range(u32, 0, 360) }),
  hit: t.variant({ sword: { damage: u32 }, spell: text(20) }),
  scores: t.map(text(20), u32, 100),
})
export const grid = t.fixedArray(t.i16, 9)
export const protocol = bits(game)
export const transport = tcp()
export const pool = new BlockPool()
export const { loop, encryption } = nodePlatform
`

/** What beginners get wrong, and what the compilers say in their last line. */
const mistakes: readonly (readonly [line: string, words: string])[] = [
  ["client.send('mvoe', { x: 1 })", `'"mvoe"' is not assignable to parameter of type '`],
  ["client.send('move', { y: 1 })", "'y' does not exist in type '{ x: number; }'"],
  ["client.send('move', {})", "Property 'x' is missing in type '{}' but required in type '{ x: number; }'"],
  ["client.send('snapshot', { tick: 1 })", `'"snapshot"' is not assignable to parameter of type '"`],
  ["client.send('buy', { item: 1 })", `'"buy"' is not assignable to parameter of type '"`],
  ["client.request('chat', { line: '' })", `'"chat"' is not assignable to parameter of type '"buy"'`],
  ["client.on('snapsot', () => {})", `'"snapsot"' is not assignable to parameter of type '"`],
  ["client.on('chat', () => ({ line: '' }))", "Type '{ line: string; }' is not assignable to type "],
  ["pipe.broadcast('move', { x: 1 })", `'"move"' is not assignable to parameter of type '"`],
]

const mistaken = `import { bits, type Channel, contract, f32, type MessagesOf, message, ProtoFactory, request, text, u32 } from 'millrace'
const game = contract({
  move: message({ x: f32 }, { from: 'client' }),
  snapshot: message({ tick: u32 }, { from: 'server' }),
  chat: { line: text(200) },
  buy: request({ item: u32 }, { left: u32 }, { from: 'client' }),
})
interface Game extends MessagesOf<typeof game> {}
declare const client: Channel<Game, 'client'>
const pipe = new ProtoFactory().add('game', bits(game)).create('tcp', '127.0.0.1', 0, 'game')
${mistakes.map(([line]) => line).join('\n')}
`
const firstMistake = mistaken.slice(0, mistaken.indexOf(mistakes[0][0])).split('\n').length

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
  writeFileSync(join(folder, 'beside.ts'), beside)
  writeFileSync(join(folder, 'mistaken.ts'), mistaken)
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe.each(compilers)('with %s', (compiler) => {
  it('a program that knows only millrace, and no types of Node, exports what millrace makes, and is told its mistakes', async () => {
    const said = await compile(compiler, ['program.ts', 'mistaken.ts'])
    expect(said.split('\n').filter((line) => line !== '' && !/^(mistaken\.ts| )/.test(line))).toEqual([])
    expectWords(said)
    expect(named(compiler, 'program.d.ts')).toEqual(['millrace'])
  }, 60_000)

  it('a program exports what the other doors make', async () => {
    expect(await compile(compiler, ['beside.ts'])).toBe('')
    const doors = ['millrace', 'millrace/schema', 'millrace/extend']
    expect(named(compiler, 'beside.d.ts').filter((door) => !doors.includes(door))).toEqual([])
  }, 60_000)
})

function compile(compiler: string, files: readonly string[]): Promise<string> {
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
  writeFileSync(project, JSON.stringify({ compilerOptions: options, files }))
  return run(join(root, 'node_modules', compiler, 'bin/tsc'), '-p', project)
}

/** The packages that a declaration takes types from. */
function named(compiler: string, file: string): string[] {
  const emitted = readFileSync(join(folder, compiler, file), 'utf8')
  return [...new Set([...emitted.matchAll(/import\("([^"]+)"\)/g)].map(([, specifier]) => specifier))]
}

/** Each mistake is told once, at its line, in words that show names and not how the types are made. */
function expectWords(said: string): void {
  const told = said.split(/\n(?=\S)/)
  const at = (text: string) => Number(/^mistaken\.ts\((\d+)/.exec(text)?.[1]) - firstMistake
  expect(told.map(at)).toEqual(mistakes.map((_, index) => index))
  mistakes.forEach(([line, words], index) => {
    expect(told[index], line).toContain(words)
    expect(told[index], line).not.toMatch(/ContractMessages|Schema<|Shape</)
  })
}

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
