import { setTimeout as wait } from 'node:timers/promises'
import fc from 'fast-check'
import {
  type Channel,
  type CloseReason,
  type Pipe,
  type PipeOptions,
  ProtoFactory,
  RequestError,
} from 'millrace'
import { afterEach, describe, expect, it } from 'vitest'
import { RawClient } from '../testing/raw-client.ts'
import { type RespMessages, resp } from './resp.ts'
import type { RespLimits } from './resp-limits.ts'
import {
  bytesOf,
  command,
  noReply,
  ok,
  type RespCommand,
  type RespReply,
  RespStatus,
  textOf,
} from './resp-value.ts'

const seed = 20260714

type Handler = (command: RespCommand, channel: Channel<RespMessages>) => RespReply | Promise<RespReply>

interface Scene {
  readonly pipe: Pipe<RespMessages>
  readonly port: number
  readonly reasons: CloseReason[]
  readonly errors: string[]
  raw(): Promise<RawClient>
  channel(options?: PipeOptions): Promise<Channel<RespMessages>>
}

const scenes: (() => void)[] = []

afterEach(() => {
  for (const end of scenes.splice(0)) end()
})

async function scene(
  handler: Handler,
  limits: Partial<RespLimits> = {},
  options: PipeOptions = {},
): Promise<Scene> {
  const net = new ProtoFactory().add('resp', resp(limits))
  const pipe = net.create('tcp', '127.0.0.1', 0, 'resp', options)
  const reasons: CloseReason[] = []
  const errors: string[] = []
  pipe.on('accepted', (_, channel) => channel.on('command', handler))
  pipe.on('close', (_, __, reason) => reasons.push(reason))
  pipe.on('error', (_, error) => errors.push(error.message))
  await pipe.bind()
  scenes.push(() => pipe.destroy())
  const port = Number(pipe.address?.text.split(':').at(-1))
  return {
    pipe,
    port,
    reasons,
    errors,
    async raw() {
      const client = await RawClient.open({ host: '127.0.0.1', port })
      scenes.push(() => client.destroy())
      return client
    },
    async channel(clientOptions = {}) {
      const client = net.create('tcp', '127.0.0.1', port, 'resp', clientOptions)
      scenes.push(() => client.destroy())
      return client.open()
    },
  }
}

/** Answers after so many milliseconds as the command says. */
const late: Handler = async ({ name, args }) => {
  await wait(Number(textOf(args[0])))
  return name
}

describe('a RESP server of one handler', () => {
  it('answers what people type', async () => {
    const { raw } = await scene(({ name, args }) => [name, args.length, null])
    const client = await raw()
    client.write('hello-there 1 2\r\n')
    expect(await client.until('$-1\r\n')).toBe('*3\r\n$11\r\nHELLO-THERE\r\n:2\r\n$-1\r\n')
  })

  it('keeps the order of replies when handlers answer late', async () => {
    const { raw } = await scene(late)
    const client = await raw()
    client.write('A 30\r\nB 0\r\nC 10\r\nD 0\r\n')
    expect(await client.until('D\r\n')).toBe('$1\r\nA\r\n$1\r\nB\r\n$1\r\nC\r\n$1\r\nD\r\n')
  })

  it('keeps the order of any mix of handlers that answer now, later, never mind, or fail', async () => {
    const { raw } = await scene(async ({ name, args }) => {
      const delay = Number(textOf(args[1]))
      if (delay > 0) await wait(delay)
      if (name === 'FAIL') throw new RequestError(textOf(args[0]))
      return name === 'NOTHING' ? noReply : textOf(args[0])
    })
    const word = fc.record({ name: fc.constantFrom('SAY', 'FAIL', 'NOTHING'), delay: fc.nat({ max: 5 }) })
    await fc.assert(
      fc.asyncProperty(fc.array(word, { maxLength: 30 }), async (words) => {
        const client = await raw()
        client.write(
          `${words.map(({ name, delay }, id) => `${name} w${id} ${delay}\r\n`).join('')}SAY end 0\r\n`,
        )
        const expected = words.map(({ name }, id) => {
          if (name === 'NOTHING') return ''
          return name === 'SAY' ? `$${`w${id}`.length}\r\nw${id}\r\n` : `-ERR w${id}\r\n`
        })
        expect(await client.until('end\r\n')).toBe(`${expected.join('')}$3\r\nend\r\n`)
        client.destroy()
      }),
      { seed, numRuns: 20 },
    )
  })

  it('lets more commands wait while too many are unanswered, and answers them all', async () => {
    let running = 0
    let runningMax = 0
    const { raw } = await scene(
      async ({ args }) => {
        runningMax = Math.max(runningMax, ++running)
        await wait(1)
        running--
        return Number(textOf(args[0]))
      },
      { unansweredMax: 100 },
    )
    const client = await raw()
    client.write(Array.from({ length: 3000 }, (_, index) => `N ${index}\r\n`).join(''))
    const all = await client.until(':2999\r\n')
    expect(all).toBe(Array.from({ length: 3000 }, (_, index) => `:${index}\r\n`).join(''))
    expect(runningMax).toBe(100)
  })

  it('does not take its own slowness for the peer’s', async () => {
    const answer = Promise.withResolvers<void>()
    const { raw, reasons } = await scene(
      () => answer.promise.then(() => ok),
      { unansweredMax: 1 },
      { frameTimeoutMs: 50 },
    )
    const client = await raw()
    client.write('A\r\nB\r\n')
    await wait(150)
    expect(reasons).toEqual([])
    answer.resolve()
    expect(await client.until('+OK\r\n+OK\r\n')).toBe('+OK\r\n+OK\r\n')
  })

  it('brings replies of 40 MB to a peer that reads them at its own pace', async () => {
    const value = new Uint8Array(1_000_000).fill(120)
    const { channel, reasons } = await scene(() => value)
    const client = await channel()
    const replies = await Promise.all(
      Array.from({ length: 40 }, () => client.request('command', command('GET'))),
    )
    for (const reply of replies) expect((reply as Uint8Array).length).toBe(1_000_000)
    expect(reasons).toEqual([])
  })

  it('reads no further while a peer does not read its replies, and goes on when it does', async () => {
    let answered = 0
    const value = new Uint8Array(100_000).fill(120)
    const { raw, pipe } = await scene(() => {
      answered++
      return value
    })
    const client = await raw()
    client.pause()
    client.write('GET\r\n'.repeat(1000))
    await expect.poll(() => answered).toBeGreaterThan(10)
    await wait(100)
    const before = answered
    await wait(100)
    expect(answered).toBe(before)
    expect(before).toBeLessThan(500)
    expect(pipe.statistics().queuedBytes).toBeLessThan(4 << 20)
    client.resume()
    await expect.poll(() => client.received.length, { timeout: 10_000 }).toBe(1000 * (100_000 + 11))
  })

  it('keeps clients apart when their commands come in pieces', async () => {
    const { raw } = await scene(({ args }) => args[0])
    const clients = await Promise.all(Array.from({ length: 5 }, raw))
    const letters = ['a', 'b', 'c', 'd', 'e']
    for (const [index, client] of clients.entries()) {
      client.write(`*2\r\n$4\r\nECHO\r\n$400\r\n${letters[index].repeat(200)}`)
      await wait(5)
    }
    for (const [index, client] of clients.entries()) {
      client.write(`${letters[index].repeat(200)}\r\n`)
      const reply = `$400\r\n${letters[index].repeat(400)}\r\n`
      expect(await client.until(reply)).toBe(reply)
    }
  })

  it('says errors with a code', async () => {
    const { raw, errors } = await scene(({ name }) => {
      if (name === 'PLAIN') throw new RequestError('no such thing')
      if (name === 'CODED') throw new RequestError('WRONGTYPE no list')
      if (name === 'BUG') throw new Error('a secret')
      return { no: 'reply' } as unknown as string
    })
    const client = await raw()
    client.write('PLAIN\r\nCODED\r\nBUG\r\nBAD\r\nEND\r\n')
    expect(await client.until('-ERR its handler failed\r\n'.repeat(3))).toBe(
      `-ERR no such thing\r\n-WRONGTYPE no list\r\n${'-ERR its handler failed\r\n'.repeat(3)}`,
    )
    expect(errors).toHaveLength(3)
    expect(errors[0]).toContain('a secret')
  })
})

describe('HELLO and QUIT', () => {
  it('changes the encoding in the middle of the stream, behind late answers too', async () => {
    const { raw } = await scene(async ({ args }) => {
      await wait(Number(textOf(args[0])))
      return null
    })
    const client = await raw()
    client.write('N 20\r\nN 0\r\nHELLO 3\r\nN 10\r\nHELLO 2\r\nN 0\r\nEND 0\r\n')
    const all = await client.until('$-1\r\n$-1\r\n')
    expect(all).toMatch(/^\$-1\r\n\$-1\r\n%7\r\n.*\r\n_\r\n\*14\r\n.*\r\n\$-1\r\n\$-1\r\n$/s)
  })

  it('answers what it does not speak with an error, and goes on', async () => {
    const { raw } = await scene(() => null)
    const client = await raw()
    client.write(
      'HELLO 4\r\nHELLO x\r\nHELLO 3 WHAT\r\nHELLO 3 AUTH me secret\r\nHELLO 3 SETNAME me\r\nEND\r\n',
    )
    const all = await client.until('_\r\n')
    expect(all.split('\r\n').slice(0, 5)).toEqual([
      '-NOPROTO unsupported protocol version',
      '-ERR Protocol version is not an integer or out of range',
      "-ERR Syntax error in HELLO option 'WHAT'",
      expect.stringMatching(/^-ERR AUTH <password> called without any password/),
      '%7',
    ])
  })

  it('ends behind QUIT, when everything before it is answered', async () => {
    const { raw, reasons, pipe } = await scene(late)
    const client = await raw()
    client.write('A 20\r\nQUIT\r\nNEVER 0\r\n')
    await client.ended
    expect(client.received).toBe('$1\r\nA\r\n+OK\r\n')
    expect(reasons).toMatchObject([{ code: 'closed', by: 'remote', text: 'QUIT' }])
    expect(pipe.channelCount).toBe(0)
  })
})

describe('how a RESP channel ends', () => {
  it('by bytes that are no RESP: with an error behind all replies', async () => {
    const { raw, reasons } = await scene(late)
    const client = await raw()
    client.write('A 20\r\n*1\r\n!oops\r\nB 0\r\n')
    await client.ended
    expect(client.received).toBe("$1\r\nA\r\n-ERR Protocol error: expected '$', got '!'\r\n")
    expect(reasons).toEqual([
      { code: 'protocol-violation', what: "ERR Protocol error: expected '$', got '!'" },
    ])
  })

  it('by a peer that hangs up: in order between commands, cut inside of one', async () => {
    const { raw, reasons } = await scene(() => ok)
    const first = await raw()
    first.write('A\r\n')
    await first.until('+OK\r\n')
    first.destroy()
    await expect.poll(() => reasons).toMatchObject([{ code: 'closed', by: 'remote', text: '' }])
    const second = await raw()
    second.write('A\r\n*2\r\n$1\r\n')
    await second.until('+OK\r\n')
    second.destroy()
    await expect.poll(() => reasons.length).toBe(2)
    expect(['link-ended', 'link-failed']).toContain(reasons[1].code)
  })

  it('by a command that never becomes whole', async () => {
    const { raw, reasons } = await scene(() => ok, {}, { frameTimeoutMs: 50 })
    const client = await raw()
    client.write('*2\r\n$3\r\nGET\r\n$10\r\nabc')
    await client.ended
    expect(reasons[0]).toMatchObject({ code: 'protocol-violation' })
  })

  it('by one client too many, which is told so', async () => {
    const { raw, pipe } = await scene(() => ok)
    pipe.setMaxOpenChannels(1)
    const first = await raw()
    first.write('A\r\n')
    await first.until('+OK\r\n')
    const second = await raw()
    await second.ended
    expect(second.received).toBe('-ERR max number of clients reached\r\n')
    expect(pipe.channelCount).toBe(1)
  })

  it('an idle client is left alone: there is no hello to wait for', async () => {
    const { raw, pipe, reasons } = await scene(() => ok, {}, { handshakeTimeoutMs: 30 })
    const client = await raw()
    await wait(100)
    client.write('A\r\n')
    expect(await client.until('+OK\r\n')).toBe('+OK\r\n')
    expect(pipe.channelCount).toBe(1)
    expect(reasons).toEqual([])
  })
})

describe('a channel that was opened', () => {
  it('asks and is answered in order, errors as errors', async () => {
    const { channel } = await scene(async ({ name, args }) => {
      await wait(name === 'SLOW' ? 10 : 0)
      if (name === 'FAIL') throw new RequestError('WRONGTYPE no')
      return args
    })
    const client = await channel()
    const replies = await Promise.allSettled([
      client.request('command', command('SLOW', 'a', 1)),
      client.request('command', command('FAST', new Uint8Array([0, 255]))),
      client.request('command', command('FAIL')),
    ])
    expect(replies).toMatchObject([
      { value: [bytesOf('a'), bytesOf('1')] },
      { value: [new Uint8Array([0, 255])] },
      { reason: { code: 'request-failed', message: expect.stringContaining('WRONGTYPE no') } },
    ])
  })

  it('hears pushes in version 3', async () => {
    const { channel } = await scene((_, served) => {
      served.send('push', ['news', 1])
      return ok
    })
    const client = await channel()
    const heard: unknown[] = []
    client.on('push', (items) => heard.push(items))
    await client.request('command', command('HELLO', 3))
    expect(await client.request('command', command('GO'))).toEqual(new RespStatus('OK'))
    expect(heard).toEqual([[bytesOf('news'), 1]])
  })

  it('sends commands without awaiting replies', async () => {
    const { channel } = await scene(({ name }) => name)
    const client = await channel()
    client.send('command', command('A'))
    expect(await client.request('command', command('B'))).toEqual(bytesOf('B'))
  })

  it('watches the server by PING', async () => {
    const names: string[] = []
    const { channel } = await scene(({ name }) => names.push(name) as unknown as RespReply)
    const client = await channel()
    client.setHeartbeat(10, 1000)
    await expect.poll(() => names).toContain('PING')
    await expect.poll(() => client.statistics().roundTripMs).toBeGreaterThan(0)
  })

  it('ends when the server says what was not asked for', async () => {
    const { channel } = await scene(() => null)
    const client = await channel()
    // A push in version 2 cannot be told from a reply.
    const { pipe } = await scene((_, served) => {
      served.send('push', ['x'])
      return ok
    })
    const other = pipe.address?.text.split(':').at(-1)
    const net = new ProtoFactory().add('resp', resp())
    const opener = net.create('tcp', '127.0.0.1', Number(other), 'resp')
    scenes.push(() => opener.destroy())
    const confused = await opener.open()
    expect(await confused.request('command', command('A'))).toEqual([bytesOf('x')])
    expect(await confused.closed).toEqual({ code: 'protocol-violation', what: 'a reply to no command' })
    expect(client.isOpen).toBe(true)
  })

  it('refuses what is no command, and leaves no trace of it', async () => {
    const { channel } = await scene(({ name }) => name)
    const client = await channel()
    expect(() => client.send('command', { name: '', args: [] })).toThrow(/is made by command/)
    expect(() => client.send('push', ['x'])).toThrow(/no pushes/)
    await expect(client.request('command', command('SUBSCRIBE', 'x'))).rejects.toThrow(/answered by pushes/)
    expect(await client.request('command', command('STILL'))).toEqual(bytesOf('STILL'))
  })
})

it('works with turns given by the program', async () => {
  const seen: string[] = []
  let isInTurn = false
  const { raw, pipe } = await scene(
    ({ name }) => {
      seen.push(`${name} ${isInTurn}`)
      return ok
    },
    {},
    { drive: 'manual' },
  )
  pipe.on('accepted', () => seen.push(`accepted ${isInTurn}`))
  const client = await raw()
  client.write('A\r\n')
  while (client.received === '') {
    await wait(5)
    isInTurn = true
    pipe.process()
    isInTurn = false
  }
  expect(seen).toEqual(['accepted true', 'A true'])
})
