import { pair, RawPeer, Rig } from '@millrace/testkit'
import { contractTableRoom, varintSizeOf, writeContractTable } from '@millrace/wire'
import { describe, expect, it } from 'vitest'
import { describeReason } from '../base/close-reason.ts'
import { MillraceError } from '../base/millrace-error.ts'
import { RequestError } from '../base/request-error.ts'
import { Sink } from '../channel/sink.ts'
import { ContractCheck } from './contract-check.ts'

/** A line of its own, a cleared screen, a window title, a reversed text, separators of lines. */
const bad = 'x\r\nroot: all is well\u001b[2J\u009d0;title\u0007\u202egnp.exe\u2066\u2028\u2029\u0000'
const escaped = String.raw`x\u000d\u000aroot: all is well\u001b[2J\u009d0;title\u0007\u202egnp.exe\u2066\u2028\u2029\u0000`

function log() {
  const lines: string[] = []
  const write = (line: string): void => void lines.push(line)
  return { lines, log: { debug: write, info: write, warn: write, error: write } }
}

describe('the texts of a peer stand escaped in lines for people', () => {
  it('the codec of its hello', async () => {
    const { lines, log: there } = log()
    const rig = new Rig({ options: { log: there } })
    const server = rig.pipe()
    await rig.until(server.bind())
    const stranger = await RawPeer.connect(rig.network, 'net://server')
    stranger.sendHello({ codec: bad })
    await rig.loop.advance(100)
    const [{ message }] = rig.diary(server).errors
    expect(message).toContain(`the peer speaks '${escaped}', this side speaks 'plain'`)
    expect(lines).toEqual([expect.stringContaining(escaped)])
    await rig.end()
  })

  it('its goodbyes, which the program reads as they are', async () => {
    const { rig, opened, accepted } = await pair()
    await rig.until(opened.close(bad))
    const reason = accepted.reason!
    expect(reason).toMatchObject({ code: 'closed', text: bad })
    for (const line of [describeReason(reason), accepted.describe(), `${accepted}`])
      expect(line).toContain(escaped)
    const late = await rig.failureOf(accepted.request('x', 1))
    expect(late.message).toContain(escaped)
    await rig.end()
  })

  it('its refusals', async () => {
    const rig = new Rig()
    await rig.until(rig.pipe('server', { admit: () => bad }).bind())
    expect((await rig.failureOf(rig.pipe().open())).message).toContain(escaped)
    await rig.end()
  })

  it('its faults', async () => {
    const { rig, opened, accepted } = await pair()
    accepted.on('ask', () => {
      throw new RequestError(bad)
    })
    expect((await rig.failureOf(opened.request('ask', 1))).message).toContain(escaped)
    await rig.end()
  })

  it('its keys', async () => {
    const { rig, opened, accepted, accepting } = await pair()
    new Sink(() => {
      throw new Error(bad)
    }).attach(accepted as never)
    opened.send(bad, 1)
    await rig.loop.settle()
    expect(rig.diary(accepting).errors.map(({ message }) => message)).toEqual([
      `the handler of '${escaped}' failed: ${escaped}`,
    ])
    await rig.end()
  })

  it('its messages of a contract', () => {
    const table = { version: 0, entries: [{ key: bad, fingerprint: '1'.repeat(16), fieldCount: 1 }] }
    const bytes = new Uint8Array(contractTableRoom(table))
    const view = new DataView(bytes.buffer)
    const end = writeContractTable({ bytes, view }, 0, table)
    const reason = new ContractCheck({ version: 0, entries: [] }).conclude(
      view,
      1 + varintSizeOf(bytes[1]),
      end,
    )
    expect(describeReason(reason)).toContain(escaped)
  })
})

describe('what a program makes of a message', () => {
  it.each([
    ['an object without a prototype', Object.create(null)],
    [
      'one with a text that throws',
      {
        toString: () => {
          throw new Error('no text')
        },
      },
    ],
    [
      'an error with a message that throws',
      Object.defineProperty(new Error(), 'message', {
        get: () => {
          throw new Error('no text')
        },
      }),
    ],
    ['an error with a message that is no text', Object.assign(new Error(), { message: Object.create(null) })],
    [
      'an error of several that are none',
      Object.assign(new AggregateError([]), { errors: Object.create(null) }),
    ],
  ])('may be thrown: %s', async (_what, body) => {
    const { rig, opened, accepted, accepting } = await pair()
    accepted.on('x', () => {
      throw body
    })
    accepted.on('ask', () => Promise.reject(body))
    opened.send('x', 1)
    expect(await rig.failureOf(opened.request('ask', 1))).toMatchObject({ code: 'request-failed' })
    const { errors } = rig.diary(accepting)
    expect(errors.map(({ code, cause }) => [code, cause === body])).toEqual([
      ['handler-failed', true],
      ['handler-failed', true],
    ])
    expect(opened.isOpen && accepted.isOpen).toBe(true)
    await rig.end()
  })

  it('an error says it in one line', () => {
    expect(new MillraceError('handler-failed', bad).message).toBe(escaped)
  })
})
