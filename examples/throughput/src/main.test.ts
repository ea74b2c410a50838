import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { protocols, transports } from './place.ts'

const main = fileURLToPath(new URL('./main.ts', import.meta.url))

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

const cases = transports.flatMap((transport) => protocols.map((protocol) => ({ transport, protocol })))

describe('throughput', () => {
  it.each(cases)('measures $protocol over $transport', async ({ transport, protocol }) => {
    const words = ['--seconds', '0.3', '--transport', transport, '--protocol', protocol, '--json']
    const { code, text, errorText } = await start(...words).outcome
    expect({ code, errorText }).toEqual({ code: 0, errorText: '' })
    const lines = text.trim().split('\n')
    const figures = JSON.parse(lines.at(-1) ?? '')
    expect(figures).toMatchObject({ size: 64, transport, protocol })
    expect(figures.messages).toBeGreaterThan(0)
    // The receiver counted exactly what the sender sent: it sends by batches of 64.
    expect(figures.messages % 64).toBe(0)
    expect(figures.roundTrips.count).toBeGreaterThan(0)
    expect(figures.roundTrips.p999Ms).toBeGreaterThanOrEqual(figures.roundTrips.p50Ms)
    expect(figures.bothMicrosecondsPerMessage).toBeGreaterThan(0)
    if (transport === 'local') expect(figures.wireBytesPerMessage).toBeNull()
    else expect(figures.wireBytesPerMessage).toBeGreaterThan(64)
    expect(text).toMatch(/messages\/s +[\d,]+/)
    expect(text).toMatch(/round trip .* p50 .* p99 .* p99\.9/)
  })

  it.each([16, 1000, 1 << 20])('takes messages of %i bytes', async (size) => {
    const { code, text, errorText } = await start('--seconds', '0.3', '--size', String(size), '--json')
      .outcome
    expect({ code, errorText }).toEqual({ code: 0, errorText: '' })
    const { wireBytesPerMessage } = JSON.parse(text.trim().split('\n').at(-1) ?? '')
    expect(wireBytesPerMessage).toBeGreaterThanOrEqual(size)
    expect(wireBytesPerMessage).toBeLessThan(size + 16)
  })

  it.each([
    [['--transport', 'pigeon'], "--transport wants one of tcp, udp, ipc, local; got 'pigeon'"],
    [['--size', '8'], "--size wants a whole number from 16 to 1048576; got '8'"],
    [['--protocol'], '--protocol wants one of bits, msgpack; got nothing'],
    [['--fast'], "unknown option '--fast'; there are --size BYTES, --transport NAME"],
    [['fast'], "unknown argument 'fast'; there are"],
  ])('refuses %j', async (words, sentence) => {
    const { code, text, errorText } = await start(...words).outcome
    expect({ code, text }).toEqual({ code: 2, text: '' })
    expect(errorText).toContain(`throughput: ${sentence}`)
    expect(errorText.trim().split('\n')).toHaveLength(1)
  })

  it('helps', async () => {
    const { code, text } = await start('--help').outcome
    expect(code).toBe(0)
    expect(text).toContain('--size BYTES')
  })

  it('ends cleanly by SIGINT, and leaves no socket behind', async () => {
    const { child, outcome } = start('--seconds', '60', '--transport', 'ipc')
    const socket = `throughput-${child.pid}`
    while (!readdirSync(tmpdir()).includes(socket)) await new Promise((resolve) => setTimeout(resolve, 20))
    child.kill('SIGINT')
    expect(await outcome).toEqual({ code: 130, text: '', errorText: '' })
    expect(readdirSync(tmpdir())).not.toContain(socket)
  })
})
