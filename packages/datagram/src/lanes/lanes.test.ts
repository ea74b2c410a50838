import { BlockPool } from '@millrace/buffer'
import { Random } from '@millrace/testkit'
import { codeMessageEnd, finishFrame, frameCode, headerSize, varintSize, writeVarint } from '@millrace/wire'
import { describe, expect, it } from 'vitest'
import { contentsMessage, laneCountMax, type PacketContents } from '../base/packet-contents.ts'
import type { FrameDelivery } from './delivery.ts'
import { Incoming } from './incoming.ts'
import { Outgoing } from './outgoing.ts'

const fixedSizes = new Int32Array(codeMessageEnd).fill(-1)
for (let number = 0; number < 8; number++) fixedSizes[number] = 4 + number * 9

const deliveries: readonly FrameDelivery[] = [
  'reliable',
  'reliableUnordered',
  'sequenced',
  'latestByKey',
  'unreliable',
]

/** What a test knows of a message number: its delivery and lane follow from it, as in a contract. */
const deliveryOf = (number: number): FrameDelivery => deliveries[number % deliveries.length]
const laneOf = (number: number): number => number % laneCountMax
const numbers = [
  0, 1, 2, 3, 4, 5, 6, 7, 10, 15, 16, 20, 31, 41, 42, 43, 44, 52, 53, 54, 127, 128, 300, 301, 302, 303, 304,
  9000,
]

/** A frame: its body is a counter, and bytes that follow from it. */
function frameOf(number: number, counter: number, bodySize: number): Uint8Array {
  const numberSize = number < codeMessageEnd ? 0 : varintSize(number)
  const size = Math.max(4, fixedSizes[number] > 0 ? fixedSizes[number] : bodySize) + numberSize
  const isFixed = number < codeMessageEnd && fixedSizes[number] >= 0
  const start = isFixed ? 1 : headerSize(size)
  const bytes = new Uint8Array(start + size)
  const view = new DataView(bytes.buffer)
  if (numberSize > 0) writeVarint(bytes, start, number)
  view.setUint32(start + numberSize, counter, true)
  for (let at = start + numberSize + 4; at < bytes.length; at++) bytes[at] = counter * 7 + at
  if (isFixed) bytes[0] = number
  else finishFrame({ bytes, view }, 0, numberSize > 0 ? frameCode.message : number, start, bytes.length)
  return bytes
}

/** What `expect` is too slow for: it is asked for each frame. */
function must(isRight: boolean, what: string): void {
  if (!isRight) throw new Error(`expected: ${what}`)
}

interface Flight {
  readonly at: number
  readonly number: number
  readonly bytes: Uint8Array
  readonly contents: PacketContents
}

interface Weather {
  readonly loss: number
  readonly duplicates: number
  readonly delayMax: number
  /** Packets are held for lost after so long: less than the longest round trip makes spurious losses. */
  readonly lostAfter: number
}

/** Two ends and a network in between that loses, doubles and delays packets and their acknowledgements. Virtual time. */
class Bench {
  now = 0
  readonly pool = new BlockPool({ checks: 'on' })
  readonly out: Outgoing
  readonly in: Incoming
  room: number
  readonly random: Random
  readonly weather: Weather
  readonly shown: { number: number; frame: Uint8Array; type: number }[] = []
  readonly windowSize: number
  /** How many frames the reader takes in a millisecond. */
  appetite = Number.POSITIVE_INFINITY
  #number = 0
  #flights: Flight[] = []
  #acks: { at: number; number: number }[] = []
  #credits: { at: number; what: number; end: number }[] = []
  readonly #told = new Map<number, number>()
  readonly #sent = new Map<number, { at: number; contents: PacketContents }>()
  readonly #seen = new Set<number>()
  withheld = 0

  constructor(seed: number, weather: Weather, { room = 1200, windowSize = 400_000 } = {}) {
    this.random = new Random(seed)
    this.weather = weather
    this.room = room
    this.windowSize = windowSize
    this.out = new Outgoing({ pool: this.pool, packetRoom: room, windowSize })
    this.in = new Incoming({ pool: this.pool, bodySizeMax: 300_000, windowSize })
    this.in.ends.fixedSizes = fixedSizes
  }

  /** Sends up to so many packets, lets time pass by a millisecond, and brings what arrives. */
  step(packetCount: number): void {
    for (let count = 0; count < packetCount; count++) if (!this.#send()) break
    this.now++
    this.#arrive()
    this.#tell()
    this.read()
  }

  read(): void {
    let left = this.appetite
    while (left-- > 0 && this.in.next()) {
      const frame = this.in.bytes.slice(this.in.from, this.in.to)
      const [code] = frame
      const number = code === frameCode.message ? numberOf(frame) : code
      this.shown.push({ number, frame, type: this.in.type })
    }
    must(this.in.violation === '', this.in.violation)
    for (let what = 0; what <= contentsMessage; what++) {
      const end = this.in.consumed(what) + this.windowSize
      if (end === (this.#told.get(what) ?? this.windowSize)) continue
      this.#told.set(what, end)
      this.in.setWindowEnd(what, end)
      this.#credits.push({ at: this.now + this.random.integer(1, this.weather.delayMax), what, end })
    }
  }

  get isQuiet(): boolean {
    return !this.out.hasPending(this.now) && this.#sent.size === 0 && this.#flights.length === 0
  }

  #send(): boolean {
    const start = 3
    const bytes = new Uint8Array(start + this.room)
    const contents: PacketContents = []
    const view = new DataView(bytes.buffer)
    const isPending = this.out.hasPending(this.now)
    const end = this.out.fill(bytes, view, start, bytes.length, contents, this.now)
    must(end <= bytes.length, 'a packet that is not overrun')
    must(end > start === isPending, `a packet that is ${isPending ? 'filled' : 'empty'}`)
    if (end === start) return false
    const number = this.#number++
    this.#sent.set(number, { at: this.now, contents })
    const { loss, duplicates, delayMax } = this.weather
    const copies = this.random.chance(loss) ? 0 : this.random.chance(duplicates) ? 2 : 1
    for (let copy = 0; copy < copies; copy++) {
      const at = this.now + this.random.integer(1, delayMax)
      this.#flights.push({ at, number, bytes: bytes.slice(0, end), contents })
    }
    return true
  }

  #arrive(): void {
    const arrived = this.#flights.filter(({ at }) => at <= this.now)
    this.#flights = this.#flights.filter(({ at }) => at > this.now)
    for (const { number, bytes } of arrived) {
      if (this.#seen.has(number)) continue
      this.#seen.add(number)
      let isWithheld = false
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
      for (let at = 3; at < bytes.length; at = this.in.partEnd) {
        const answer = this.in.receive(bytes[at], bytes, view, at + 1, bytes.length, this.now)
        if (answer === 'drop') isWithheld = true
        else must(answer === '', answer)
        must(this.in.partEnd > at, 'the end of a part')
        if (this.random.chance(0.3)) this.read()
      }
      if (this.random.chance(0.7)) this.read()
      this.in.keep()
      bytes.fill(0xee)
      if (isWithheld) this.withheld++
      else if (!this.random.chance(this.weather.loss))
        this.#acks.push({ at: this.now + this.random.integer(1, this.weather.delayMax), number })
    }
    this.in.expire(this.now)
  }

  /** Tells the sending side what became of its packets; some are told twice, or lost and acknowledged. */
  #tell(): void {
    for (const { number } of this.#acks.filter(({ at }) => at <= this.now)) {
      const sent = this.#sent.get(number)
      if (sent === undefined) continue
      for (let times = this.random.integer(1, 2); times > 0; times--) this.#each(sent.contents, 'acked')
      this.#sent.delete(number)
    }
    this.#acks = this.#acks.filter(({ at }) => at > this.now)
    for (const [number, sent] of this.#sent) {
      if (this.now - sent.at < this.weather.lostAfter) continue
      this.#each(sent.contents, 'lost')
      if (this.now - sent.at < this.weather.lostAfter + 10) continue
      this.#sent.delete(number)
    }
    for (const { what, end } of this.#credits.filter(({ at }) => at <= this.now))
      this.out.setCreditEnd(what, end)
    this.#credits = this.#credits.filter(({ at }) => at > this.now)
  }

  #each(contents: PacketContents, what: 'acked' | 'lost'): void {
    for (let index = 0; index < contents.length; index += 3)
      this.out[what](contents[index], contents[index + 1], contents[index + 2])
  }
}

function numberOf(frame: Uint8Array): number {
  const at = 1 + (frame[1] < 0x80 ? 1 : frame[1] < 0xc0 ? 2 : 4)
  return frame[at] < 0x80 ? frame[at] : ((frame[at] & 0x3f) << 8) | frame[at + 1]
}

/** Writes frames of all kinds into a bench, and knows what must come of them. */
class Traffic {
  readonly written = new Map<number, Uint8Array[]>()
  readonly lanes = new Map<number, Uint8Array[]>()
  readonly #bench: Bench
  readonly #sizeMax: number
  #counter = 0

  constructor(bench: Bench, sizeMax: number) {
    this.#bench = bench
    this.#sizeMax = sizeMax
  }

  write(number: number): void {
    const { random, out, now } = this.#bench
    const sizeMax = random.chance(0.1) ? this.#sizeMax : 120
    const frame = frameOf(number, this.#counter++, random.integer(4, sizeMax))
    const delivery = deliveryOf(number)
    const padded = new Uint8Array(frame.length + 9)
    padded.set(frame, 4)
    must(
      out.write(padded, 4, 4 + frame.length, delivery, laneOf(number), now) === 'queued',
      'a place for a frame',
    )
    padded.fill(0xdd)
    this.note(number, frame)
  }

  writeLater(number: number): void {
    this.#bench.out.writeLater(number, () => {
      const frame = frameOf(number, this.#counter++, this.#bench.random.integer(4, 300))
      this.note(number, frame)
      return frame
    })
  }

  note(number: number, frame: Uint8Array): void {
    push(this.written, number, frame)
    if (deliveryOf(number) === 'reliable') push(this.lanes, laneOf(number), frame)
  }

  /** Each delivery kept its word. */
  check(): void {
    const { shown } = this.#bench
    const lanes = new Map<number, Uint8Array[]>()
    const byNumber = new Map<number, Uint8Array[]>()
    for (const { number, frame } of shown) {
      push(byNumber, number, frame)
      if (deliveryOf(number) === 'reliable') push(lanes, laneOf(number), frame)
    }
    for (const [lane, frames] of this.lanes) expect(digests(lanes.get(lane) ?? [])).toEqual(digests(frames))
    for (const [number, frames] of this.written) {
      const sent = digests(frames)
      const came = digests(byNumber.get(number) ?? [])
      const places = came.map((digest) => sent.indexOf(digest))
      expect(places.every((place) => place >= 0)).toBe(true)
      expect(new Set(places).size).toBe(places.length)
      const delivery = deliveryOf(number)
      if (delivery === 'reliable' || delivery === 'reliableUnordered') expect(places.length).toBe(sent.length)
      if (delivery === 'sequenced' || delivery === 'latestByKey')
        expect(places).toEqual([...places].sort((a, b) => a - b))
      if (delivery === 'latestByKey') expect(places.at(-1)).toBe(sent.length - 1)
    }
  }
}

function push(map: Map<number, Uint8Array[]>, key: number, frame: Uint8Array): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [frame])
  else list.push(frame)
}

const digests = (frames: readonly Uint8Array[]): string[] =>
  frames.map((frame) => Buffer.from(frame).toString('latin1'))

const weathers: Record<string, Weather> = {
  'a calm network': { loss: 0, duplicates: 0, delayMax: 1, lostAfter: 100 },
  'a bad network': { loss: 0.1, duplicates: 0.1, delayMax: 30, lostAfter: 80 },
  'a network that reorders, and a hasty sender': {
    loss: 0.02,
    duplicates: 0.05,
    delayMax: 60,
    lostAfter: 40,
  },
  'a terrible network': { loss: 0.4, duplicates: 0.3, delayMax: 100, lostAfter: 220 },
}

describe.each(Object.entries(weathers))('over %s', (_name, weather) => {
  it.each(Array.from({ length: 8 }, (_, seed) => seed))('each delivery keeps its word (seed %i)', (seed) => {
    const bench = new Bench(seed, weather, { room: [1200, 200, 1400, 500][seed % 4] })
    const traffic = new Traffic(bench, [2000, 30_000, 5000][seed % 3])
    const { random } = bench
    bench.appetite = seed % 5 === 4 ? 3 : Number.POSITIVE_INFINITY
    for (let round = 0; round < 80; round++) {
      for (let count = random.integer(0, 8); count > 0; count--) {
        const number = random.pick(numbers)
        if (deliveryOf(number) === 'latestByKey' && random.chance(0.3)) traffic.writeLater(number)
        else traffic.write(number)
      }
      if (random.chance(0.02)) {
        bench.room = random.integer(200, 1400)
        bench.out.setPacketRoom(bench.room)
      }
      bench.step(random.integer(0, 20))
    }
    for (let round = 0; !bench.isQuiet; round++) {
      must(round < 60_000, 'an end')
      bench.step(20)
    }
    bench.appetite = Number.POSITIVE_INFINITY
    bench.read()
    bench.now += 2000
    bench.in.expire(bench.now)
    traffic.check()
    expect(bench.out.pendingBytes).toBe(0)
    expect(bench.out.storedBytes).toBe(0)
    expect(bench.in.weight).toBe(0)
    expect(bench.pool.outstanding()).toEqual([])
  })
})

describe('what has little room', () => {
  it.each([1, 2, 3])('large newest values wait for a place, and all arrive (seed %i)', (seed) => {
    const bench = new Bench(seed, weathers['a bad network'])
    const traffic = new Traffic(bench, 0)
    for (let round = 0; round < 60; round++) {
      for (let number = 3; number < 128 && round % 20 === 0; number += 5) {
        if (fixedSizes[number] >= 0) continue
        const frame = frameOf(number, round, 30_000)
        bench.out.write(frame, 0, frame.length, 'latestByKey', 0, bench.now)
        traffic.note(number, frame)
      }
      bench.step(20)
    }
    for (let round = 0; !bench.isQuiet; round++) {
      must(round < 20_000, 'an end')
      bench.step(20)
    }
    traffic.check()
    expect(bench.withheld).toBeGreaterThan(0)
    expect([bench.in.weight, bench.pool.outstanding()]).toEqual([0, []])
  })
})
