import { plain, Rig, type RigOptions } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'
import { KeyTable } from '../base/key-table.ts'
import type { AnyMessages } from '../pipe/target-types.ts'
import type { DatagramHost, DatagramSession, Protocol } from '../ports/protocol.ts'
import type { Address } from '../ports/transport.ts'

/** Answers each datagram with itself, doubled; greets at a deadline if it has one. */
function echo(log: unknown[], extra: Partial<DatagramSession> = {}): Protocol<AnyMessages> {
  return {
    kind: 'protocol',
    label: 'echo',
    keys: KeyTable.open(),
    datagrams: (host: DatagramHost) => ({
      receive(bytes: Uint8Array, from: Address, now: number) {
        log.push([String.fromCharCode(...bytes), now])
        if (bytes[0] === 0x21) throw new Error('I do not like that one')
        host.socket.send(Uint8Array.of(...bytes, ...bytes), from)
      },
      ...extra,
    }),
  }
}

const ascii = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0))

async function bound(protocol: Protocol<AnyMessages>, setup: RigOptions<AnyMessages> = {}, options = {}) {
  const rig = new Rig({ ...setup, protocol })
  const pipe = rig.watch(rig.factory.create('gram', 'place', 'test', options))
  await rig.until(pipe.bind())
  const heard: string[] = []
  const socket = await rig.until(
    rig.network.datagramSocket('gram://client', (bytes) => void heard.push(String.fromCharCode(...bytes))),
  )
  const send = (text: string) => socket.send(ascii(text), { text: 'gram://place' })
  return { rig, pipe, heard, send }
}

describe('a datagram protocol', () => {
  it('answers each sender, without a channel', async () => {
    const log: unknown[] = []
    const { rig, pipe, heard, send } = await bound(echo(log))
    send('ab')
    send('c')
    await rig.loop.settle()
    expect(log).toEqual([
      ['ab', 0],
      ['c', 0],
    ])
    expect(heard).toEqual(['abab', 'cc'])
    expect(pipe.channelCount).toBe(0)
    await rig.end()
  })

  it('is told in the turn of a pipe that is driven by hand', async () => {
    const log: unknown[] = []
    const { rig, pipe, send } = await bound(echo(log), {}, { drive: 'manual' })
    send('a')
    await rig.loop.advance(50)
    expect(log).toEqual([])
    pipe.process()
    expect(log).toEqual([['a', 50]])
    await rig.end()
  })

  it('that throws is reported, and goes on', async () => {
    const log: unknown[] = []
    const { rig, pipe, heard, send } = await bound(echo(log))
    send('!')
    send('a')
    await rig.loop.settle()
    expect(rig.diary(pipe).errors.map(({ message }) => message)).toEqual([
      expect.stringContaining('I do not like'),
    ])
    expect(heard).toEqual(['aa'])
    await rig.end()
  })

  it('is called at its deadlines, though nothing comes', async () => {
    const turns: number[] = []
    let next = 100
    const { rig } = await bound(
      echo([], {
        process: (now) => {
          if (now < next) return
          turns.push(now)
          next += 100
        },
        deadline: () => next,
      }),
    )
    await rig.loop.advance(350)
    expect(turns).toEqual([100, 200, 300])
    await rig.end()
  })

  it('lives with loss, duplicates and any order', async () => {
    const log: unknown[] = []
    const setup = { seed: 5, network: { loss: 0.3, duplication: 0.3, delayMs: [0, 100] as const } }
    const { rig, heard, send } = await bound(echo(log), setup)
    for (let count = 0; count < 200; count++) send(String.fromCharCode(65 + (count % 26)))
    await rig.loop.advance(1000)
    expect(rig.network.lostCount).toBeGreaterThan(30)
    expect(rig.network.doubledCount).toBeGreaterThan(30)
    expect(log.length).not.toBe(200)
    expect(heard.length).toBeGreaterThan(50)
    await rig.end()
  })

  it('drops what comes faster than the program turns, and counts it', async () => {
    const log: unknown[] = []
    const { rig, pipe, send } = await bound(echo(log), {}, { drive: 'manual' })
    for (let count = 0; count < 5000; count++) send('x')
    await rig.loop.settle()
    pipe.process()
    expect(log.length).toBe(4096)
    expect(pipe.statistics().datagramsDropped).toBe(5000 - 4096)
    await rig.end()
  })

  it('has no channels, and needs a transport of its kind', async () => {
    const { rig, pipe } = await bound(echo([]))
    expect(await rig.failureOf(pipe.open())).toMatchObject({ code: 'unsupported' })
    expect(await rig.failureOf(rig.pipe('stream').bind())).toMatchObject({ code: 'unsupported' })
    await rig.until(pipe.close())
    await rig.until(pipe.bind())
    await rig.end()
    const framed = new Rig({ protocol: plain() })
    const wrong = framed.watch(framed.factory.create('gram', 'place', 'test'))
    expect(await framed.failureOf(wrong.bind())).toMatchObject({ code: 'unsupported' })
    expect(await framed.failureOf(wrong.open())).toMatchObject({ code: 'unsupported' })
    await framed.end()
  })
})
