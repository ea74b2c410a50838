import { type Channel, ProtoFactory } from 'millrace'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Diary } from '../../fixtures/diary.ts'
import { Random } from '../../fixtures/random.ts'
import { portOf, RawPeer, type Recording, record } from '../../fixtures/raw-peer.ts'
import { turns, until } from '../../fixtures/until.ts'

const lines = ['', 'a', 'hello', 'ü€𝄞', 'x'.repeat(300), 'the end']
const asked = { value: 7 }

const factory = new ProtoFactory()
const server = factory.create('tcp', '127.0.0.1', 0, 'msgpack')
const diary = new Diary(server)
const heard = new Map<Channel, string[]>()
let recording: Recording

server.on('accepted', (_, channel) => {
  const own: string[] = []
  heard.set(channel as unknown as Channel, own)
  channel.on('line', (line: string) => {
    own.push(line)
  })
  channel.on('ask', (body?: { value?: number }) => {
    own.push(`asked ${body?.value}`)
    return body
  })
})

/** What one channel heard in a whole conversation. */
const whole = [...lines, `asked ${asked.value}`]

beforeAll(async () => {
  await server.bind()
  recording = await record(
    portOf(server),
    (port) => factory.create('tcp', '127.0.0.1', port, 'msgpack'),
    async (channel) => {
      for (const line of lines) channel.send('line', line)
      await channel.request('ask', asked)
    },
  )
})

afterAll(() => server.destroy())

/** The number of channels and errors so far. */
function outcomes(): number {
  return diary.errors.length + diary.reasons.length
}

function heardOf(index: number): string[] {
  return heard.get(diary.accepted[index] as unknown as Channel) ?? []
}

describe('streams', () => {
  it('hears the same from a recorded conversation in one piece', async () => {
    const index = diary.accepted.length
    const peer = (await RawPeer.connect(portOf(server))).say(recording.bytes)
    await until('the channel has ended', () => diary.reasons.length === index + 1)
    expect(heardOf(index)).toEqual(whole)
    expect(diary.reasons[index]).toMatchObject({ code: 'closed', by: 'remote' })
    peer.destroy()
  })

  it('hears the same when it comes byte by byte', async () => {
    const index = diary.accepted.length
    const peer = await RawPeer.connect(portOf(server))
    for (const byte of recording.bytes) {
      peer.say(Buffer.from([byte]))
      await turns(1)
    }
    await until('the channel has ended', () => diary.reasons.length === index + 1)
    expect(heardOf(index)).toEqual(whole)
    expect(diary.reasons[index]).toMatchObject({ code: 'closed', by: 'remote' })
    peer.destroy()
  })

  it('hears the same however it is cut (seeds 1 to 30)', async () => {
    for (let seed = 1; seed <= 30; seed++) {
      const random = new Random(seed)
      const index = diary.accepted.length
      const peer = await RawPeer.connect(portOf(server))
      for (let at = 0; at < recording.bytes.length; ) {
        const end = at + 1 + random.below(40)
        peer.say(recording.bytes.subarray(at, end))
        at = end
        if (random.below(2) === 0) await turns(1)
      }
      await until('the channel has ended', () => diary.reasons.length === index + 1)
      expect(heardOf(index), `seed ${seed}`).toEqual(whole)
      peer.destroy()
    }
  })

  it('hears every message of many that come in one piece', async () => {
    const index = diary.accepted.length
    const peer = await (await RawPeer.connect(portOf(server))).greet(recording.hello)
    const [start, end] = [recording.ends[0], recording.ends[lines.length]]
    const messages = recording.bytes.subarray(start, end)
    peer.say(Buffer.concat(Array.from({ length: 500 }, () => messages)))
    await until('all messages are heard', () => heardOf(index).length === 500 * lines.length)
    expect(heardOf(index)).toEqual(Array.from({ length: 500 }, () => lines).flat())
    peer.destroy()
    await until('the channel has ended', () => diary.reasons.length === index + 1)
  })

  it('survives an end at every byte: whole messages arrive, each attempt ends once', async () => {
    const { bytes, ends } = recording
    for (let cut = 0; cut < bytes.length; cut++) {
      const index = diary.accepted.length
      const before = outcomes()
      const peer = (await RawPeer.connect(portOf(server))).say(bytes.subarray(0, cut))
      peer.socket.end()
      await until(`the server has ended what was cut at ${cut}`, () => peer.isClosed && outcomes() > before)
      expect(outcomes()).toBe(before + 1)
      const frames = ends.filter((end) => end <= cut).length
      expect(diary.accepted.length - index, `cut at ${cut}`).toBe(frames > 0 ? 1 : 0)
      if (frames === 0) continue
      expect(heardOf(index), `cut at ${cut}`).toEqual(whole.slice(0, frames - 1))
      expect(diary.reasons.at(-1), `cut at ${cut}`).toEqual({ code: 'link-ended' })
    }
    expect(diary.isEven).toBe(true)
    expect(server.channelCount).toBe(0)
  })

  it('survives a reset at every byte', async () => {
    const { bytes } = recording
    const before = outcomes()
    for (let cut = 0; cut < bytes.length; cut++) {
      const peer = (await RawPeer.connect(portOf(server))).say(bytes.subarray(0, cut))
      if (cut % 2 === 0) await turns(2)
      peer.socket.resetAndDestroy()
    }
    await until('all have ended', () => server.channelCount === 0 && server.statistics().handshakes === 0)
    expect(diary.isEven).toBe(true)
    expect(outcomes()).toBeLessThanOrEqual(before + bytes.length)
    for (const { code } of diary.reasons) expect(['closed', 'link-ended', 'link-failed']).toContain(code)
  })

  it('survives a flipped byte anywhere (seed 5)', async () => {
    const random = new Random(5)
    const { bytes } = recording
    const before = outcomes()
    for (let at = 0; at < bytes.length; at++) {
      const flipped = Buffer.from(bytes)
      flipped[at] ^= 1 << random.below(8)
      const peer = (await RawPeer.connect(portOf(server))).say(flipped)
      peer.socket.end()
      await until(`the server has ended what was flipped at ${at}`, () => peer.isClosed)
    }
    await until('each has ended', () => outcomes() === before + bytes.length)
    expect(diary.isEven).toBe(true)
    const channel = await factory.create('tcp', '127.0.0.1', portOf(server), 'msgpack').open()
    expect(await channel.request('ask', asked)).toEqual(asked)
    channel.destroy()
  })
})
