import { ProtoFactory } from 'millrace'
import { afterEach, describe, expect, it } from 'vitest'
import { Diary } from '../../fixtures/diary.ts'
import { Random } from '../../fixtures/random.ts'
import { codes, frameHeader, portOf, RawPeer, type Recording, record } from '../../fixtures/raw-peer.ts'
import { strangerWords } from '../../fixtures/stranger-words.ts'
import { turns, until } from '../../fixtures/until.ts'

const messages = 5000
const attackersMax = 60

const factory = new ProtoFactory()
const pipes: { destroy(): void }[] = []

afterEach(() => {
  for (const pipe of pipes.splice(0)) pipe.destroy()
})

/** One thing that a malformed peer may do. */
type Attack = (peer: RawPeer, recording: Recording, random: Random) => void

const attacks: Readonly<Record<string, Attack>> = {
  words: (peer, _, random) => void peer.say(random.pick(Object.values(strangerWords))),
  garbage: (peer, _, random) => void peer.say(random.bytes(1 + random.below(300))),
  silence: () => {},
  'half a hello': (peer, { hello }, random) => void peer.say(hello.subarray(0, random.below(hello.length))),
  'garbage after hello': (peer, { hello }, random) =>
    void peer.say(hello).say(random.bytes(1 + random.below(300))),
  'a huge frame': (peer, { hello }) => void peer.say(hello).say(frameHeader(0x3fffffff, codes.namedMessage)),
  'a huge hello': (peer) => void peer.say(frameHeader(60_000, codes.hello)),
  'a cut stream': (peer, { bytes }, random) =>
    void peer.say(bytes.subarray(0, random.below(bytes.length))).socket.end(),
  'a flipped byte': (peer, { bytes }, random) => {
    const flipped = Buffer.from(bytes)
    flipped[random.below(flipped.length)] ^= 1 << random.below(8)
    peer.say(flipped)
  },
  'a reset': (peer, { hello }, random) => {
    peer.say(hello.subarray(0, random.below(2) * hello.length))
    peer.socket.resetAndDestroy()
  },
  'a frame that never ends': (peer, { hello }) =>
    void peer.say(hello).say(frameHeader(5000, codes.namedMessage)).say('begun'),
}

describe('a siege', () => {
  it.each([11, 12])(
    'loses none of 5,000 messages while malformed peers hammer the server (seed %i)',
    async (seed) => {
      const server = factory.create('tcp', '127.0.0.1', 0, 'msgpack', {
        handshakeTimeoutMs: 1500,
        frameTimeoutMs: 1500,
        closeTimeoutMs: 300,
      })
      pipes.push(server)
      const diary = new Diary(server)
      server.on('accepted', (_, channel) => {
        channel.on('ask', (body: unknown) => void channel.send('answer', body))
      })
      await server.bind()
      const port = portOf(server)
      const client = () => factory.create('tcp', '127.0.0.1', port, 'msgpack')
      const recording = await record(
        port,
        (proxyPort) => factory.create('tcp', '127.0.0.1', proxyPort, 'msgpack'),
        async (channel) => {
          for (let index = 0; index < 10; index++)
            channel.send('line', { index, text: 'x'.repeat(index * 5) })
        },
      )

      const good = client()
      pipes.push(good)
      const channel = await good.open()
      const answers: number[] = []
      channel.on('answer', ({ value }: { value: number }) => void answers.push(value))

      const random = new Random(seed)
      const peers = new Set<RawPeer>()
      const counts: Record<string, number> = {}
      const assault = () => {
        let leaving = 6
        for (const peer of peers) {
          // The oldest make room for others, in case the server lets them wait.
          if (!peer.isClosed && peer.isConnected && leaving-- > 0) peer.destroy()
          if (peer.isClosed) peers.delete(peer)
        }
        while (peers.size < attackersMax) {
          const name = random.pick(Object.keys(attacks))
          counts[name] = (counts[name] ?? 0) + 1
          const peer = RawPeer.begin(port)
          peers.add(peer)
          attacks[name](peer, recording, random)
        }
      }

      for (let value = 0; value < messages; value++) {
        channel.send('ask', { value, text: 'still here' })
        if (value % 25 !== 24) continue
        assault()
        await turns(3)
        if (value % 250 === 249) await until('the answers come', () => answers.length > value - 250)
      }
      await until('all answers have come', () => answers.length >= messages)
      expect(answers).toEqual(Array.from({ length: messages }, (_, value) => value))
      expect(channel.isOpen).toBe(true)
      expect(Object.values(counts).reduce((sum, count) => sum + count)).toBeGreaterThan(500)
      expect(Object.keys(counts).sort()).toEqual(Object.keys(attacks).sort())

      for (const peer of peers) peer.destroy()
      await until(
        'only the good one is left',
        () => server.channelCount === 1 && server.statistics().handshakes === 0,
      )
      expect(diary.accepted.length - diary.reasons.length).toBe(1)
      for (const code of diary.codes)
        expect(['handshake-failed', 'link-failed', 'protocol-mismatch']).toContain(code)
      await channel.close()
    },
  )
})
