import { createSocket } from 'node:dgram'
import { describe, expect, it } from 'vitest'
import { presets } from '../net/presets.ts'
import { runNetem } from './command.ts'
import { parseCommand, usage } from './command-options.ts'

const place = ['--listen', 'udp://127.0.0.1:0', '--to', 'udp://127.0.0.1:7777']
const parsed = (...words: string[]) => parseCommand([...place, ...words], () => 42)

describe('the words of millrace netem', () => {
  it('say what the network does', () => {
    const command = parsed(
      ...['--net', 'bad-wifi', '--loss', '2%', '--delay', '20..60', '--jitter', 'bell', '--rate', '20mbit'],
      ...[
        '--queue',
        '256k',
        '--mtu',
        '1400',
        '--duplication',
        '.5',
        '--reorder',
        '0.1',
        '--reorder-ms',
        '2..9',
      ],
      ...['--corruption', '0.25', '--replay', '1', '--seed', '7', '--stats', '0.5', '--clients', '9'],
      ...['--idle', '30', '--bursts', 'chance=1%,packets=5,ms=100,loss=1', '--clogs', 'chance=0.5,ms=10..20'],
    )
    expect(command).toEqual({
      proxy: {
        listen: 'udp://127.0.0.1:0',
        to: 'udp://127.0.0.1:7777',
        net: {
          delayMs: [20, 60],
          jitter: 'bell',
          loss: 0.02,
          bursts: { chance: 0.01, packets: 5, msMax: 100, loss: 1 },
          duplication: 0.5,
          reorder: 0.1,
          reorderMs: [2, 9],
          corruption: 0.25,
          replay: 1,
          bytesPerSecond: 2_500_000,
          queueBytes: 262_144,
          mtuBytes: 1400,
          clogs: { chance: 0.5, ms: [10, 20] },
        },
        seed: 7,
        clientsMax: 9,
        idleMs: 30_000,
      },
      statsMs: 500,
    })
  })

  it('leave the rest of a preset as it is, and the seed to chance', () => {
    const command = parsed('--net', 'lte', '--delay', '100')
    expect(command?.proxy.seed).toBe(42)
    expect(command?.proxy.net).toMatchObject({ ...presets.lte, delayMs: [100, 100] })
    expect(command?.statsMs).toBe(undefined)
  })

  it.each([
    [['--lose', '1'], /--lose/],
    [['stray'], /stray/],
    [['--loss', '2'], /--loss takes a share from 0 to 1, such as 0.02 or 2%; got 2$/],
    [['--loss', '101%'], /--loss takes a share/],
    [['--loss', 'some'], /--loss takes a share/],
    [['--loss', ''], /--loss takes a share/],
    [['--delay', '60..20'], /--delay takes milliseconds, such as 20 or 20..60; got 60..20/],
    [['--delay=-1'], /--delay takes milliseconds/],
    [['--jitter', 'wild'], /jitter is 'even', 'bell' or 'long-tail'; got wild/],
    [['--rate', '20'], /--rate takes bits a second/],
    [['--rate', '0bit'], /--rate takes bits a second/],
    [['--queue', '0'], /--queue takes bytes above 0/],
    [['--mtu', '1g'], /--mtu takes bytes above 0/],
    [['--net', 'wlan'], /'wlan' is no network; there are none, lan/],
    [['--seed', '1.5'], /--seed takes a whole number; got 1.5/],
    [['--seed', 'x'], /--seed takes a whole number; got x/],
    [['--clients', '0'], /--clients takes a whole number from 1; got 0/],
    [['--idle', '0'], /--idle takes seconds above 0; got 0/],
    [['--stats', 'often'], /--stats takes seconds above 0; got often/],
    [['--bursts', 'often'], /--bursts takes chance=…,packets=…,ms=…,loss=…; got often/],
    [['--bursts', 'chance=0.1,packets=0'], /--bursts takes packets from 1; got 0/],
    [['--clogs', 'ms=5'], undefined],
    [['--clogs', 'chance=2'], /--clogs takes a share/],
  ])('%j', (words, message) => {
    if (message === undefined) expect(() => parsed(...words)).not.toThrow()
    else
      expect(() => parsed(...words)).toThrow(
        expect.objectContaining({ code: 'argument-invalid', message: expect.stringMatching(message) }),
      )
  })
})

describe('millrace netem', () => {
  function environment() {
    const stop = new AbortController()
    const lines: string[] = []
    const errors: string[] = []
    let said = () => {}
    const out = (line: string) => {
      lines.push(line)
      said()
    }
    const err = (line: string) => void errors.push(line)
    const nextLine = () =>
      new Promise<void>((resolve) => {
        said = resolve
      })
    const when = async (wanted: RegExp) => {
      for (;;) {
        const found = lines.map((line) => wanted.exec(line)).find((match) => match !== null)
        if (found) return found
        await nextLine()
      }
    }
    return { lines, errors, stop, when, nextLine, it: { out, err, stop: stop.signal } }
  }

  it('helps', async () => {
    const { it: given, lines } = environment()
    expect(await runNetem(['--help'], given)).toBe(0)
    expect(lines).toEqual([usage])
    for (const name of Object.keys(presets)) expect(usage).toContain(name)
  })

  it('says what was wrong, with an exit code of its own', async () => {
    for (const [words, code, wanted] of [
      [[], 2, /--listen and --to are wanted/],
      [['--listen', 'udp://127.0.0.1:0', '--to', 'udp://127.0.0.1:0'], 2, /with a port from 1 to 65535/],
      [['--listen', 'udp://127.0.0.1:0', '--to', 'udp://127.0.0.1'], 2, /udp wants host and port/],
      // TEST-NET-1 of RFC 5737 is no address of any machine.
      [['--listen', 'udp://192.0.2.1:0', '--to', 'udp://127.0.0.1:7777'], 1, /EADDRNOTAVAIL/],
    ] as const) {
      const { it: given, errors, lines } = environment()
      expect(await runNetem(words, given)).toBe(code)
      expect(errors[0]).toMatch(wanted)
      expect(lines).toEqual([])
    }
  })

  it('is a proxy until it is stopped, and tells what it did', async () => {
    const server = createSocket('udp4', (bytes, { port }) => server.send(bytes, port, '127.0.0.1'))
    await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve))
    const client = createSocket('udp4')
    const { it: given, lines, errors, stop, when } = environment()
    const to = `udp://127.0.0.1:${server.address().port}`
    const code = runNetem(
      ['--listen', 'udp://127.0.0.1:0', '--to', to, '--seed', '7', '--stats', '0.01'],
      given,
    )
    const [, port] = await when(/^listening at udp:\/\/127\.0\.0\.1:(\d+), to udp:.*, seed 7$/)
    const answered = new Promise((resolve) => client.on('message', resolve))
    client.send('hello', Number(port), '127.0.0.1')
    await answered
    await when(/^1 clients; to the server 1 packets of 33 bytes; to clients/)
    stop.abort()
    expect(await code).toBe(0)
    expect(lines.at(-1)).toBe(
      '1 clients in all; to the server 1 packets of 33 bytes; to clients 1 packets of 33 bytes',
    )
    expect(errors).toEqual([])
    client.close()
    server.close()
  })

  it('tells each kind of failure once', async () => {
    const server = createSocket('udp4')
    await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve))
    const to = `udp://127.0.0.1:${server.address().port}`
    await new Promise<void>((resolve) => server.close(resolve))
    const { it: given, lines, errors, stop, when, nextLine } = environment()
    const told = new Promise<void>((resolve) => {
      given.err = (line) => {
        errors.push(line)
        resolve()
      }
    })
    const code = runNetem(['--listen', 'udp://127.0.0.1:0', '--to', to, '--stats', '0.01'], given)
    const [, port] = await when(/^listening at udp:\/\/127\.0\.0\.1:(\d+)/)
    const client = createSocket('udp4')
    for (let count = 0; count < 5; count++) client.send('hello', Number(port), '127.0.0.1')
    await told
    // Some in each line: all of them make five.
    const count = () =>
      lines.reduce((sum, line) => sum + Number(/to the server (\d+) packets/.exec(line)?.[1] ?? 0), 0)
    while (count() < 5) await nextLine()
    stop.abort()
    expect(await code).toBe(0)
    expect(errors).toEqual([expect.stringMatching(/ECONNREFUSED/)])
    client.close()
  })
})
