import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { titles, verdictOf } from './attack.ts'

const main = fileURLToPath(new URL('./main.ts', import.meta.url))
const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
const blocks = [...readme.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)].map(([, kind, text]) => ({ kind, text }))
/** Commands, the tables, the attacks and a picture. */
const shown = blocks.filter(({ kind }) => kind === '').map(({ text }) => text)
const quoted = blocks
  .filter(({ kind }) => kind !== '')
  .map(({ kind, text }) => ({ path: kind.replace('ts ', ''), text }))

interface Outcome {
  readonly code: number | null
  readonly text: string
  readonly errorText: string
}

function start(...words: string[]): { readonly child: ChildProcess; readonly outcome: Promise<Outcome> } {
  const child = spawn(process.execPath, [main, ...words], { stdio: ['ignore', 'pipe', 'pipe'] })
  let [text, errorText] = ['', '']
  child.stdout.on('data', (chunk) => {
    text += chunk
  })
  child.stderr.on('data', (chunk) => {
    errorText += chunk
  })
  const outcome = new Promise<Outcome>((resolve) => {
    child.on('close', (code) => resolve({ code, text, errorText }))
  })
  return { child, outcome }
}

/** Whatever it is, the tests look at all of it. */
const jsonOf = (text: string) => JSON.parse(text.trim().split('\n').at(-1) ?? '')
/** Words and headings of a table, without its figures. */
const wordsOf = (text: string) =>
  text
    .split('\n')
    .filter((line) => !line.startsWith('{'))
    .map((line) =>
      line
        .replaceAll(/[\d.,]+( %)?/g, '')
        .replaceAll(/ +/g, ' ')
        .trim(),
    )
    .join('\n')
    .trim()

const backEnds = ['node', 'noble']
const rows = [
  ['plain', 'node', 'node', null],
  ...[
    ['chacha20-poly1305', 'ChaChaPoly'],
    ['aes-256-gcm', 'AESGCM'],
  ].flatMap(([algorithm, part]) =>
    backEnds.flatMap((sender) => backEnds.map((receiver) => [algorithm, sender, receiver, part])),
  ),
]

describe('the comparison', () => {
  it.each([
    { transport: 'tcp', size: 64 },
    { transport: 'ipc', size: 1000 },
  ])('measures every algorithm and back end over $transport, $size bytes', async ({ transport, size }) => {
    const words = ['--seconds', '0.02', '--rounds', '1', '--transport', transport, '--size', String(size)]
    const { code, text, errorText } = await start(...words, '--json').outcome
    expect({ code, errorText }).toEqual({ code: 0, errorText: '' })
    const figures = jsonOf(text)
    expect(figures).toMatchObject({ transport, size, rounds: 1, sameBytes: 'yes' })
    expect(figures.rows).toHaveLength(rows.length)
    for (const [index, [algorithm, sender, receiver, part]] of rows.entries()) {
      const { suites, messages, ...row } = figures.rows[index]
      expect(row).toMatchObject({ algorithm, sender, receiver })
      const suite = (pattern: string) => (part === null ? null : `Noise_${pattern}_25519_${part}_SHA256`)
      expect(suites).toEqual({ messages: suite('NNpsk0'), handshakes: suite('XX') })
      // The receiver counted exactly what the sender sent: it sends by batches of 64.
      expect(messages % 64).toBe(0)
      const { algorithm: _, sender: __, receiver: ___, ...numbers } = row
      for (const [name, value] of Object.entries(numbers)) expect(value, name).toBeGreaterThan(0)
      expect(row.p99Ms).toBeGreaterThanOrEqual(row.p50Ms)
    }
    expect(figures.rows[0].share).toBe(1)
    expect(
      figures.ciphers.map(({ algorithm, backEnd }: Record<string, unknown>) => [algorithm, backEnd]),
    ).toEqual(
      ['chacha20-poly1305', 'aes-256-gcm'].flatMap((algorithm) =>
        backEnds.map((backEnd) => [algorithm, backEnd]),
      ),
    )
    if (size === 64) expect(wordsOf(text)).toBe(wordsOf(shown[1]))
  })
})

describe('the attacks', () => {
  const refused = { code: 'encryption-failed', text: expect.stringContaining('a record was refused: forged') }
  const shaken = { code: 'encryption-failed', text: expect.stringContaining('the handshake failed') }
  const cut = { code: 'link-ended', text: 'the connection ended without a goodbye' }
  const none = { code: 'link-failed', text: 'the connection ended without a goodbye' }
  const remote = { code: 'closed', text: 'closed by the remote side: all said' }
  const local = { code: 'closed', text: 'closed by the local side: all said' }

  it.each(['tcp', 'ipc'])('all come out as they should, over %s', async (transport) => {
    const { code, text, errorText } = await start('--attack', '--json', '--transport', transport).outcome
    expect({ code, errorText }).toEqual({ code: 0, errorText: '' })
    const scenes: ReturnType<typeof jsonOf>[] = jsonOf(text)
    const seen = scenes.map(({ receiver, sender, delivered, read, verdict }) => ({
      receiver,
      sender,
      coins: delivered.map(({ coins }: { coins: number }) => coins),
      read,
      verdict,
    }))
    const detected = { read: 'nothing', verdict: 'detected' }
    const unnoticed = { receiver: remote, sender: local, read: 'every note', verdict: 'not noticed' }
    expect(scenes.map(({ title }) => title)).toEqual(titles)
    expect(seen).toEqual([
      { receiver: remote, sender: local, coins: [10, 20, 30, 40, 50], read: 'nothing', verdict: 'harmless' },
      { receiver: refused, sender: cut, coins: [10, 20], ...detected },
      { receiver: refused, sender: cut, coins: [10, 20], ...detected },
      { receiver: refused, sender: cut, coins: [10, 20, 30], ...detected },
      { receiver: cut, sender: cut, coins: [10, 20], ...detected },
      { receiver: shaken, sender: none, coins: [], ...detected },
      { receiver: shaken, sender: none, coins: [], ...detected },
      { receiver: shaken, sender: none, coins: [], ...detected },
      { coins: [10, 20, 30, 40, 50], ...unnoticed },
      { coins: [10, 20, 65_566, 40, 50], ...unnoticed },
      { coins: [10, 20, 30, 30, 40, 50], ...unnoticed },
    ])
    // The last line but one is the JSON.
    expect(`${text.trim().split('\n').slice(0, -1).join('\n')}\n`).toBe(shown[2])
  })

  it('fail when an encrypted channel was harmed, or did not notice', () => {
    const give = (turn: number, coins: number) => ({ turn, note: 'meet me at the old mill', coins })
    const seen = {
      encrypted: 'yes',
      delivered: [give(1, 10), give(2, 20)],
      receiver: refused,
      sender: cut,
      read: 'nothing',
    } as const
    expect(verdictOf('changes', seen)).toBe('detected')
    expect(verdictOf('changes', { ...seen, receiver: remote })).toBe('FAILED')
    expect(verdictOf('changes', { ...seen, read: 'every note' })).toBe('FAILED')
    expect(verdictOf('changes', { ...seen, delivered: [give(1, 10), give(2, 21)] })).toBe('FAILED')
    expect(verdictOf('changes', { ...seen, delivered: [give(1, 10), give(1, 10)] })).toBe('FAILED')
    expect(verdictOf('changes', { ...seen, delivered: [give(2, 20)] })).toBe('FAILED')
    expect(verdictOf('reads', { ...seen, receiver: remote })).toBe('FAILED')
    expect(verdictOf('changes', { ...seen, encrypted: 'no', receiver: remote })).toBe('not noticed')
  })
})

describe('the README', () => {
  it.each(quoted)('quotes $path as it stands', ({ path, text }) => {
    expect(readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')).toContain(text)
  })

  it('shows what the program prints', () => {
    expect(quoted.length).toBeGreaterThan(0)
    expect(shown).toHaveLength(4)
  })
})

describe('the command line', () => {
  it.each([
    [['--transport', 'pigeon'], "--transport wants one of tcp, ipc; got 'pigeon'"],
    [['--size', '8'], "--size wants a whole number from 16 to 1048576; got '8'"],
    [['--rounds'], '--rounds wants a whole number from 1 to 100; got nothing'],
    [['--fast'], "unknown option '--fast'; there are --attack, --transport NAME"],
    [['fast'], "unknown argument 'fast'; there are"],
  ])('refuses %j', async (words, sentence) => {
    const { code, text, errorText } = await start(...words).outcome
    expect({ code, text }).toEqual({ code: 2, text: '' })
    expect(errorText).toContain(`encryption: ${sentence}`)
    expect(errorText.trim().split('\n')).toHaveLength(1)
  })

  it('helps', async () => {
    const { code, text } = await start('--help').outcome
    expect(code).toBe(0)
    expect(text).toContain('--rounds N')
  })

  it('ends cleanly by SIGINT, and leaves no socket behind', async () => {
    const { child, outcome } = start('--seconds', '60', '--transport', 'ipc')
    const sockets = () => readdirSync(tmpdir()).filter((name) => name.startsWith(`encryption-${child.pid}-`))
    while (sockets().length === 0) await new Promise((resolve) => setTimeout(resolve, 20))
    child.kill('SIGINT')
    expect(await outcome).toEqual({ code: 130, text: '', errorText: '' })
    expect(sockets()).toEqual([])
  })
})
