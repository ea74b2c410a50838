import { expect, it } from 'vitest'
import { bits, contract, message, type PipeOptions, ProtoFactory, u32 } from './index.ts'

// Datagrams carry frames one by one: none may be cut where one block of memory ends and another begins.

/** A channel over udp, and what its opener hears up to the text `last`; rejects if the channel ends before. */
async function channelOverUdp(last: string, options: PipeOptions = {}) {
  const pipe = await new ProtoFactory().create('udp', '127.0.0.1', 0, 'msgpack', options).bind()
  const opening = new ProtoFactory().create(String(pipe.address?.text) as `udp://${string}`, 'msgpack')
  const opened = await opening.open()
  const heard = new Promise<unknown[]>((resolve, reject) => {
    const texts: unknown[] = []
    opened.on('n', (text) => {
      texts.push(text)
      if (text === last) resolve(texts)
    })
    opened.on('close', reject)
  })
  const [accepted] = pipe.channels()
  const end = async () => {
    await opening.close()
    await pipe.close()
  }
  return { pipe, accepted, heard, end }
}

it('a broadcast arrives whole behind what was sent before it', async () => {
  const texts = [10, 2500, 4000, 90_000].map((size) => 'x'.repeat(size))
  const { pipe, accepted, heard, end } = await channelOverUdp(texts[3])
  for (const text of texts) {
    accepted.send('n', 'before')
    pipe.broadcast('n', text)
  }
  expect(await heard).toEqual(texts.flatMap((text) => ['before', text]))
  await end()
})

it.each(['drop-oldest', 'latest-by-key'] as const)('what waited by %s arrives whole', async (overflow) => {
  const [first, last] = ['a'.repeat(120_000), 'c'.repeat(70_000)]
  const { accepted, heard, end } = await channelOverUdp(last, { overflow, highWaterBytes: 100_000 })
  for (const text of [first, 'b'.repeat(70_000), last]) expect(accepted.send('n', text)).toBe('queued')
  expect((await heard)[0]).toBe(first)
  const { droppedOldest, superseded } = accepted.statistics()
  expect(droppedOldest + superseded).toBe(1)
  await end()
})

it('what waits for the first packet stays as it was written', async () => {
  const count = 20
  // Beside the first lane nothing leaves before the hello has arrived.
  const game = bits(contract({ welcome: message({ n: u32 }, { lane: 1 }) }))
  const accepting = new ProtoFactory().add('game', game).create('udp', '127.0.0.1', 0, 'game')
  let accepted = 0
  accepting.on('accepted', (_pipe, channel) => channel.send('welcome', { n: accepted++ }))
  await accepting.bind()
  const opening = new ProtoFactory()
    .add('game', game)
    .create(String(accepting.address?.text) as `udp://${string}`, 'game')
  const welcomed = Array.from({ length: count }, async () => {
    const channel = await opening.open()
    return new Promise<number>((resolve, reject) => {
      channel.on('welcome', ({ n }) => resolve(n))
      channel.on('close', reject)
    })
  })
  const heard = await Promise.all(welcomed)
  expect(heard.sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, n) => n))
  await opening.close()
  await accepting.close()
})
