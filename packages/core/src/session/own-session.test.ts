import { RawPeer, Rig, type RigOptions } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'
import { KeyTable } from '../base/key-table.ts'
import type { Pipe } from '../pipe/pipe.ts'
import type { AnyMessages } from '../pipe/target-types.ts'
import type { Protocol, SessionHost, StreamSession } from '../ports/protocol.ts'

/**
 * A protocol that owns its bytes: lines of text. The line `shift` is answered by `shifting`; from the very next byte on,
 * each direction adds one to all its bytes, so that a single byte on the wrong side of the change breaks everything.
 */
class LineSession implements StreamSession {
  readonly #host: SessionHost
  readonly #number: number
  #bytes: number[] = []
  #isReadingShifted = false
  #isWritingShifted = false

  constructor(host: SessionHost, number: number) {
    this.#host = host
    this.#number = number
  }

  get stored(): number {
    return this.#bytes.length
  }

  start(): void {
    if (this.#host.role === 'opened') this.#line('hello')
  }

  receive(chunk: Uint8Array): void {
    this.#bytes.push(...chunk)
  }

  process(): void {
    for (;;) {
      if (!this.#host.mayDeliver) return
      const end = this.#bytes.findIndex((byte) => this.#read(byte) === 0x0a)
      if (end < 0) return
      const line = String.fromCharCode(
        ...this.#bytes
          .splice(0, end + 1)
          .slice(0, -1)
          .map((byte) => this.#read(byte)),
      )
      this.#heard(line)
    }
  }

  encode(_number: number, body: unknown): void {
    if (typeof body !== 'string') throw new TypeError('a line is a text')
    if (body === 'shift') {
      this.#line('shift')
      this.#isWritingShifted = true
    } else this.#line(body)
  }

  goodbye(): void {
    this.#line('bye')
  }

  linkEnded() {
    return { code: 'link-ended' } as const
  }

  release(): void {
    this.#bytes = []
  }

  #heard(line: string): void {
    if (line === 'hello' || line === 'welcome') {
      if (line === 'hello') this.#line('welcome')
      if (this.#host.admit() === 'yes') this.#host.opened()
    } else if (line === 'bye') {
      this.#host.farewell({ code: 'closed', appCode: 0, text: 'bye' })
    } else if (line === 'shift') {
      this.#isReadingShifted = true
      this.#line('shifting')
      this.#isWritingShifted = true
    } else {
      if (line === 'shifting') this.#isReadingShifted = true
      this.#host.deliver(this.#number, line)
    }
  }

  #read(byte: number): number {
    return this.#isReadingShifted ? (byte + 255) & 255 : byte
  }

  #line(text: string): void {
    const { out } = this.#host
    const line = `${text}\n`
    const start = out.reserve(line.length)
    for (let index = 0; index < line.length; index++)
      out.bytes[start + index] = (line.charCodeAt(index) + (this.#isWritingShifted ? 1 : 0)) & 255
    out.commit(start + line.length)
  }
}

function lines(): Protocol<AnyMessages> {
  const keys = KeyTable.closed(['line'])
  return { kind: 'protocol', label: 'lines', keys, session: (host) => new LineSession(host, 0) }
}

async function talk(setup: RigOptions<AnyMessages> = {}) {
  const rig = new Rig({ ...setup, protocol: lines() })
  const heard: string[] = []
  const accepting = rig.pipe().on('accepted', (_pipe, channel) => {
    channel.on('line', (line) => {
      heard.push(line)
      channel.send('line', `you said ${line}`)
    })
  })
  await rig.until(accepting.bind())
  const channel = await rig.until(rig.pipe().open())
  const answers: string[] = []
  channel.on('line', (line) => void answers.push(line))
  return { rig, accepting, channel, heard, answers }
}

describe('a protocol that owns its bytes', () => {
  it('changes in the middle of the stream at an exact byte, however it is cut', async () => {
    for (const pieces of ['whole', 'bytes', 'random'] as const) {
      for (const ownership of ['lent', 'given', 'mixed'] as const) {
        const { rig, channel, heard, answers } = await talk({
          seed: 9,
          network: { pieces, ownership, delayMs: [0, 1] },
        })
        channel.send('line', 'one')
        channel.send('line', 'shift')
        channel.send('line', 'two')
        await rig.loop.advance(500)
        channel.send('line', 'three')
        await rig.loop.advance(500)
        expect(heard).toEqual(['one', 'two', 'three'])
        expect(answers).toEqual(['you said one', 'shifting', 'you said two', 'you said three'])
        await rig.end()
      }
    }
  })

  it('has the life cycle of every channel', async () => {
    const { rig, accepting, channel, heard } = await talk()
    channel.send('line', 'last words')
    expect(await rig.until(channel.close())).toMatchObject({ code: 'closed', by: 'local' })
    expect(heard).toEqual(['last words'])
    expect(rig.diary(accepting).closed[0].reason).toMatchObject({ code: 'closed', by: 'remote', text: 'bye' })
    await rig.end()
  })

  it('without requests or broadcast bytes says so, and sends broadcasts one by one', async () => {
    const { rig, accepting, channel, answers } = await talk()
    expect(await rig.failureOf(channel.request('line', 'x'))).toMatchObject({ code: 'unsupported' })
    expect(accepting.broadcast('line', 'to all')).toBe(1)
    await rig.loop.settle()
    expect(answers).toEqual(['to all'])
    await rig.end()
  })

  it('throws to the sender what it cannot encode', async () => {
    const { rig, channel, heard } = await talk()
    expect(() => channel.send('line', 5)).toThrowError(TypeError)
    channel.send('line', 'fine')
    await rig.loop.settle()
    expect(heard).toEqual(['fine'])
    await rig.end()
  })

  it('begins nothing when its channel ended before its first turn', async () => {
    const ends = {
      close: (pipe: Pipe<AnyMessages>) => void pipe.close(),
      destroy: (pipe: Pipe<AnyMessages>) => pipe.destroy(),
      cut: (_pipe: unknown, rig: Rig) => rig.network.connections[0].cut(),
      time: (_pipe: unknown, rig: Rig) => rig.loop.advance(3000),
    }
    for (const [how, end] of Object.entries(ends)) {
      for (const role of ['accepted', 'opened'] as const) {
        const calls: string[] = []
        class Spied extends LineSession {
          override start(): void {
            calls.push('start')
            super.start()
          }
          override receive(chunk: Uint8Array): void {
            calls.push('receive')
            super.receive(chunk)
          }
          override process(): void {
            calls.push('process')
            super.process()
          }
          override release(): void {
            calls.push('release')
            super.release()
          }
        }
        const session = (host: SessionHost) =>
          host.role === role ? new Spied(host, 0) : new LineSession(host, 0)
        const rig = new Rig({ protocol: { ...lines(), session } })
        const pipes = {
          accepted: rig.pipe('server', role === 'accepted' ? { drive: 'manual' } : {}),
          opened: rig.pipe('server', role === 'opened' ? { drive: 'manual' } : {}),
        }
        await rig.until(pipes.accepted.bind())
        const opening = pipes.opened.open().catch(() => {})
        await rig.loop.advance(10)
        calls.length = 0
        await end(pipes[role], rig)
        await rig.loop.advance(10)
        pipes[role].process()
        await rig.loop.advance(3000)
        pipes[role].process()
        const released = calls.indexOf('release')
        expect([how, role, ...calls.slice(released)]).toEqual([how, role, 'release'])
        await rig.until(opening)
        await rig.end()
      }
    }
  })

  it('that fails itself ends its channel, not the pipe', async () => {
    class Broken extends LineSession {
      override process(): void {
        super.process()
        if (this.stored > 3) throw new Error('a bug of the session')
      }
    }
    const protocol: Protocol<AnyMessages> = {
      kind: 'protocol',
      label: 'broken',
      keys: KeyTable.closed(['line']),
      session: (host) => new Broken(host, 0),
    }
    const rig = new Rig({ protocol })
    const accepting = rig.pipe()
    await rig.until(accepting.bind())
    const peer = await RawPeer.connect(rig.network, 'net://server')
    peer.send(Buffer.from('hello\n'))
    await rig.loop.settle()
    peer.send(Buffer.from('no line end'))
    await rig.loop.settle()
    const { errors, closed } = rig.diary(accepting)
    expect(errors.map(({ message }) => message)).toEqual([expect.stringContaining('a bug of the session')])
    expect(closed.map(({ reason }) => reason.code)).toEqual(['protocol-violation'])
    expect((await rig.until(rig.pipe().open())).isOpen).toBe(true)
    await rig.end()
  })

  it('may open in its first turn, without any bytes', async () => {
    const protocol: Protocol<AnyMessages> = {
      kind: 'protocol',
      label: 'bare',
      keys: KeyTable.closed(['bytes']),
      session: (host): StreamSession => {
        let stored: Uint8Array[] = []
        return {
          start() {
            if (host.admit() === 'yes') host.opened()
          },
          receive: (chunk) => void stored.push(chunk),
          process() {
            for (const chunk of stored.splice(0)) host.deliver(0, [...chunk])
          },
          stored: 0,
          encode(_number, body) {
            host.out.append(Uint8Array.from(body as number[]))
          },
          linkEnded: () => ({ code: 'closed', by: 'remote', why: 'closed', appCode: 0, text: '' }),
          release() {
            stored = []
          },
        }
      },
    }
    const rig = new Rig({ protocol })
    const heard: unknown[] = []
    const accepting = rig.pipe().on('accepted', (_pipe, channel) => {
      channel.on('bytes', (bytes) => void heard.push(bytes))
    })
    await rig.until(accepting.bind())
    const channel = await rig.until(rig.pipe().open())
    channel.send('bytes', [1, 2, 3])
    await rig.loop.settle()
    expect(heard).toEqual([[1, 2, 3]])
    expect(await rig.until(channel.close())).toMatchObject({ code: 'closed', by: 'local' })
    expect(rig.diary(accepting).closed[0].reason).toMatchObject({ code: 'closed', by: 'remote', text: '' })
    await rig.end()
  })

  it.each([
    'session',
    'start',
    'receive',
    'keep',
    'process',
    'stored',
    'linkEnded',
    'goodbye',
    'ping',
    'release',
  ] as const)('that throws in %s costs its own channel alone', async (where) => {
    let armed = false
    const broken = (host: SessionHost): StreamSession => {
      const isBroken = armed
      const boom = (name: string): void => {
        if (isBroken && name === where) throw new Error(`boom in ${name}`)
      }
      boom('session')
      return {
        start() {
          boom('start')
          if (host.admit() === 'yes') host.opened()
        },
        receive: () => boom('receive'),
        keep: () => boom('keep'),
        process: () => boom('process'),
        get stored() {
          boom('stored')
          return 0
        },
        encode(_number, body) {
          host.out.append(Uint8Array.from(body as number[]))
        },
        ping: () => boom('ping'),
        goodbye: () => boom('goodbye'),
        linkEnded() {
          boom('linkEnded')
          return { code: 'link-ended' }
        },
        release: () => boom('release'),
      }
    }
    const keys = KeyTable.closed(['bytes'])
    const protocol: Protocol<AnyMessages> = { kind: 'protocol', label: 'x', keys, session: broken }
    const rig = new Rig({ protocol })
    const [accepting, opening] = [rig.pipe(), rig.pipe()]
    await rig.until(accepting.bind())
    const other = await rig.until(opening.open())
    await rig.loop.settle()
    armed = true
    const attempt = opening.open().catch(() => undefined)
    await rig.loop.advance(20)
    const channel = await rig.until(attempt)
    channel?.setHeartbeat(10, 20)
    channel?.send('bytes', [1])
    await rig.loop.advance(15)
    if (where === 'linkEnded') channel?.destroy()
    else await rig.until(Promise.resolve(channel?.close()))
    await rig.loop.advance(5000)
    const errors = [...rig.diary(accepting).errors, ...rig.diary(opening).errors]
    const isTold = ({ message }: { message: string }) => message.includes(`boom in ${where}`)
    expect(errors.some(isTold), errors.map(({ message }) => message).join()).toBe(true)
    expect([other.isOpen, rig.diary(accepting).accepted[0].isOpen]).toEqual([true, true])
    await rig.end()
  })
})
