import { Random } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'
import { HandshakeSlots } from './handshake-slots.ts'

/** A flood of links that never say anything, and players among it who come in groups behind one address. */
interface Flood {
  readonly slots: number
  readonly linksPerSecond: number
  /** Where the attacker's next link comes from. */
  readonly from: (count: number, random: Random) => string
  /** Where a group of players is. Default: always behind the same IPv4 address. */
  readonly players?: (group: number) => string
  readonly group?: number
  /** From connecting to the hello, in milliseconds. */
  readonly helloMs: number
  readonly seconds?: number
}

interface Link {
  readonly isPlayer: boolean
  /** When its hello comes, or its time is over. */
  readonly dueAt: number
}

const handshakeTimeoutMs = 2000

/** Lets a flood run over the slots, in steps of its links, and returns the share of players that came in. */
function shareOfPlayers(flood: Flood, seed = 1): number {
  const { slots: slotsMax, linksPerSecond, from, players = () => '192.0.2.1', group = 8, helloMs } = flood
  const random = new Random(seed)
  const slots = new HandshakeSlots<Link>(() => random.integer(0, 2 ** 32 - 1) / 2 ** 32)
  const due: Link[][] = []
  let came = 0
  let heard = 0
  const connect = (isPlayer: boolean, address: string, now: number, lastsMs: number) => {
    if (slots.taken >= slotsMax) slots.end(slots.take()!, 'waste', now)
    const link = { isPlayer, dueAt: now + lastsMs }
    slots.add(link, address, now)
    const slot = Math.ceil(link.dueAt)
    ;(due[slot] ??= []).push(link)
  }
  const stepMs = 1000 / linksPerSecond
  const endMs = (flood.seconds ?? 5) * 1000
  let groupAt = 500
  let dueAt = 0
  for (let count = 0, now = 0; now < endMs; count++, now += stepMs) {
    for (; dueAt <= now; dueAt++) {
      for (const link of due[dueAt] ?? []) {
        if (!slots.has(link)) continue
        if (link.isPlayer) heard++
        slots.end(link, link.isPlayer ? 'well' : 'waste', now)
      }
    }
    connect(false, from(count, random), now, handshakeTimeoutMs)
    if (now < groupAt || now > endMs - helloMs - 10) continue
    groupAt += helloMs + 200
    for (let player = 0; player < group; player++) connect(true, players(came / group), now, helloMs)
    came += group
  }
  return heard / came
}

const fixed = (count: number) => `127.10.${(count >> 4) & 15}.${1 + (count & 15)}`
/** Addresses of a few networks, each of which comes again only after many others. */
const manyOfFew = (count: number) =>
  `127.${10 + ((count >> 14) & 3)}.${(count >> 8) & 63}.${1 + (count & 127)}`
const site = (count: number) => `2001:db8:7:${(count & 0xffff).toString(16)}::1`
const anywhere = (_: number, random: Random) => [0, 1, 2, 3].map(() => random.integer(1, 223)).join('.')
const botnet = (size: number) => (count: number) => {
  const bot = (count * 7919) % size
  return `${1 + (bot % 200)}.${bot % 251}.${bot % 241}.${bot % 239}`
}

describe('players among a flood of 6,000 silent links a second', () => {
  const flood = { slots: 256, linksPerSecond: 6000 }

  it.each([
    ['one address', () => '127.10.0.1'],
    ['256 addresses', fixed],
    ['65,536 networks of one IPv6 site', site],
    ['a botnet of 256', botnet(256)],
  ])('from %s come in, eight behind one address', (_name, from) => {
    for (const helloMs of [1, 50, 200, 1000])
      expect(shareOfPlayers({ ...flood, from, helloMs }), `${helloMs} ms`).toBeGreaterThan(0.97)
  })

  it.each([
    ['30,000 addresses of four networks', manyOfFew],
    ['a botnet of 5,000', botnet(5000)],
  ])('from %s mostly come in, eight behind one address each time', (_name, from) => {
    const players = (group: number) => `192.0.${group >> 8}.${group & 255}`
    const shares = [50, 200].map((helloMs) =>
      shareOfPlayers({ ...flood, from, players, helloMs, seconds: 10 }),
    )
    for (const share of shares) expect(share).toBeGreaterThan(0.8)
  })

  it('from 256 addresses come in by IPv6 and NAT64, and by one address for each', () => {
    for (const address of ['2001:db8:1:2::3', '64:ff9b::c000:201'])
      expect(shareOfPlayers({ ...flood, from: fixed, helloMs: 200, players: () => address })).toBeGreaterThan(
        0.97,
      )
    expect(shareOfPlayers({ ...flood, from: fixed, helloMs: 200, group: 1 })).toBeGreaterThan(0.97)
  })

  it('from as many new addresses as there are links are heard at once, and have a chance later, as the slots last', () => {
    const players = (group: number) => `192.0.${group >> 8}.${group & 255}`
    const share = (helloMs: number, slots = 256) =>
      shareOfPlayers({ ...flood, slots, from: anywhere, players, helloMs, seconds: 10 })
    for (const helloMs of [1, 20]) expect(share(helloMs), `${helloMs} ms`).toBeGreaterThan(0.95)
    expect(share(50)).toBeGreaterThan(0.15)
    // The default: who is older than the half of all has been there for a third of a second.
    expect(share(200, 4096)).toBe(1)
  })

  it('that come from the very address of the flood have a chance as well', () => {
    const from = () => '192.0.2.1'
    const share = (helloMs: number) => shareOfPlayers({ ...flood, from, helloMs, seconds: 10 })
    for (const helloMs of [1, 10, 20]) expect(share(helloMs), `${helloMs} ms`).toBeGreaterThan(0.95)
    expect(share(50)).toBeGreaterThan(0.1)
  })
})
