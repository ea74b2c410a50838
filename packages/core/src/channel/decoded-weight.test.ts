import { pair, RawPeer, Rig } from '@millrace/testkit'
import { frameCode } from '@millrace/wire'
import { describe, expect, it } from 'vitest'
import { Sink } from './sink.ts'

const kilobyte = 'x'.repeat(1000)

describe('what was decoded and waits', () => {
  it('for the iterator is bounded in bytes, and loses nothing', async () => {
    const { rig, accepted, opened } = await pair({ accepting: { receiveHighWaterBytes: 100_000 } })
    const iterator = accepted[Symbol.asyncIterator]()
    for (let n = 0; n < 500; n++) opened.send('n', { n, kilobyte })
    await rig.loop.settle()
    // Each weighs four times its bytes.
    expect(accepted.statistics().messagesIn).toBeLessThanOrEqual(26)
    for (let n = 0; n < 500; n++) expect((await rig.until(iterator.next())).value.body.n).toBe(n)
    await rig.end()
  })

  for (const kind of ['message', 'request', 'sink'] as const) {
    it(`in async handlers of a ${kind} is bounded in bytes, and goes on when they are done`, async () => {
      const { rig, accepted, opened } = await pair({
        accepting: { receiveHighWaterBytes: 100_000 },
      })
      const waiting: (() => void)[] = []
      let begun = 0
      const slow = () => {
        begun++
        return new Promise<number>((resolve) => waiting.push(() => resolve(1)))
      }
      if (kind === 'sink') new Sink(slow).attach(accepted)
      else accepted.on('n', slow)
      const replies: Promise<unknown>[] = []
      for (let n = 0; n < 200; n++) {
        if (kind === 'request') replies.push(opened.request('n', kilobyte, { timeoutMs: 600_000 }))
        else opened.send('n', kilobyte)
      }
      await rig.loop.settle()
      expect(begun).toBeGreaterThanOrEqual(20)
      expect(begun).toBeLessThanOrEqual(26)
      while (waiting.length > 0) {
        for (const resolve of waiting.splice(0)) resolve()
        await rig.loop.settle()
      }
      expect(begun).toBe(200)
      await rig.until(Promise.all(replies))
      await rig.end()
    })
  }

  it('is let go when a handler fails, or its thenable breaks its promise twice', async () => {
    const { rig, accepted, opened } = await pair({ accepting: { receiveHighWaterBytes: 100_000 } })
    let begun = 0
    accepted.on('n', () => {
      begun++
      if (begun % 3 === 0) return Promise.reject(new Error('no'))
      const twice = (resolve: () => void, reject: (error: Error) => void) => {
        resolve()
        resolve()
        reject(new Error('late'))
      }
      // biome-ignore lint/suspicious/noThenProperty: it is the point.
      return { then: twice } as PromiseLike<void>
    })
    for (let n = 0; n < 200; n++) opened.send('n', kilobyte)
    await rig.loop.settle()
    expect(begun).toBe(200)
    await rig.end()
  })

  it('as replies of async handlers leaves one after the other when the peer takes none', async () => {
    const { rig, accepted, opened } = await pair({ network: { windowBytes: 1000 } })
    const reply = 'x'.repeat(200_000)
    accepted.on('get', async () => reply)
    const [{ opened: link }] = rig.network.connections
    link.freeze('on')
    const replies = Promise.all(
      Array.from({ length: 200 }, (_, n) => opened.request('get', n, { timeoutMs: 600_000 })),
    )
    await rig.loop.advance(100)
    expect(accepted.statistics().queuedBytes).toBeLessThan(2 * 1_048_576)
    link.freeze('off')
    expect((await rig.until(replies, 600_000)).length).toBe(200)
    await rig.end()
  })
})

describe('a peer that pings and takes no pong', () => {
  for (const state of ['open', 'closing', 'held'] as const) {
    it(`is owed one at most while the channel is ${state}`, async () => {
      const rig = new Rig()
      const server = rig.pipe('server', {
        highWaterBytes: 4096,
        stallTimeoutMs: 60_000,
        closeTimeoutMs: 60_000,
        handshakeTimeoutMs: 60_000,
      })
      await rig.until(server.bind())
      const peer = await RawPeer.connect(rig.network, 'net://server')
      peer.sendHello()
      await rig.loop.settle()
      const [accepted] = rig.diary(server).accepted
      peer.link.freeze('on')
      if (state === 'held') void accepted[Symbol.asyncIterator]()
      if (state === 'closing') {
        accepted.setEncryption(new Uint8Array(32).fill(1)).catch(() => {})
        void accepted.close()
      }
      const pings = Buffer.concat(
        Array.from({ length: 1000 }, () => Uint8Array.of(frameCode.ping, 4, 1, 2, 3, 4)),
      )
      for (let count = 0; count < 5; count++) {
        peer.send(pings)
        await rig.loop.advance(1)
      }
      const { bytesIn, queuedBytes } = accepted.statistics()
      expect(bytesIn).toBeGreaterThan(30_000)
      // A thousand are taken in one turn, and owed from its end on.
      expect(queuedBytes).toBeLessThan(4096 + 6000 + 64)
      await rig.end()
    })
  }
})
