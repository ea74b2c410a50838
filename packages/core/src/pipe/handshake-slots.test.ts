import { describe, expect, it } from 'vitest'
import { HandshakeSlots } from './handshake-slots.ts'

interface Link {
  readonly name: string
}

/** Slots that pick the first of those that they may pick. */
function slotsOf(...addresses: (string | undefined)[]) {
  const slots = new HandshakeSlots<Link>(() => 0)
  const links = addresses.map((address, index) => {
    const link = { name: `${address} ${index}` }
    slots.add(link, address, 0)
    return link
  })
  return { slots, links }
}

describe('the slots of handshakes', () => {
  it('never give up the younger half', () => {
    const { slots, links } = slotsOf(...Array.from({ length: 40 }, () => '10.0.0.1'))
    for (let count = 0; count < 200; count++) {
      const link = slots.take()!
      expect(links.indexOf(link)).toBeLessThan(links.length / 2)
      links.splice(links.indexOf(link), 1)
      slots.end(link, 'waste', 0)
      if (count % 6 === 0) continue
      links.push({ name: 'new' })
      slots.add(links.at(-1)!, `10.0.0.${count & 3}`, 0)
    }
    expect(slots.taken).toBe(links.length)
  })

  it('give up the one that there is, and none when there is none', () => {
    const { slots, links } = slotsOf('10.0.0.1')
    expect(slots.take()).toBe(links[0])
    slots.end(links[0], 'waste', 0)
    expect([slots.taken, slots.take()]).toEqual([0, undefined])
  })

  it('give up those of an address first that wasted many, and forgive what ends well', () => {
    const { slots, links } = slotsOf('10.0.0.1', '10.0.0.1', '10.0.0.1')
    for (const link of links) slots.end(link, 'waste', 0)
    const honest = { name: 'honest' }
    const wasteful = { name: 'wasteful' }
    slots.add(honest, '192.0.2.1', 0)
    slots.add(wasteful, '10.0.0.1', 0)
    for (let index = 0; index < 2; index++) slots.add({ name: 'young' }, undefined, 0)
    expect(slots.take()).toBe(wasteful)
    slots.end(wasteful, 'well', 0)
    const better = { name: 'better' }
    slots.add(better, '10.0.0.1', 0)
    for (let index = 0; index < 3; index++) slots.add({ name: 'young' }, undefined, 0)
    expect(slots.take()).toBe(honest)
    slots.end(honest, 'well', 0)
    slots.add({ name: 'young' }, undefined, 0)
    expect(slots.take()).not.toBe(wasteful)
  })

  it('forget in time what was wasted', () => {
    const { slots, links } = slotsOf(...Array.from({ length: 10 }, () => '10.0.0.1'))
    const cutAt = (now: number) => {
      const names = ['another', 'wasteful', 'young', 'young']
      const all = names.map((name) => ({ name }))
      all.forEach((link, index) => void slots.add(link, ['192.0.2.1', '10.0.0.1'][index], now))
      const cut = slots.take()?.name
      for (const link of all) slots.end(link, 'well', now)
      return cut
    }
    for (const link of links) slots.end(link, 'waste', 0)
    expect(cutAt(40_000)).toBe('another')
    for (let count = 0; count < 10; count++) {
      const link = { name: 'wasted' }
      slots.add(link, '10.0.0.1', 40_000)
      slots.end(link, 'waste', 40_000)
    }
    expect(cutAt(41_000)).toBe('wasteful')
  })

  it('know a crowd behind one address, or one /64, and nothing of others', () => {
    const { slots, links } = slotsOf(
      '10.0.0.1',
      '10.0.0.1',
      '10.0.0.2',
      undefined,
      '2001:db8::1',
      '2001:db8::2',
    )
    expect(slots.isCrowdedBy('10.0.0.1', 2)).toBe(true)
    expect(slots.isCrowdedBy('10.0.0.1', 3)).toBe(false)
    expect(slots.isCrowdedBy('10.0.0.2', 2)).toBe(false)
    expect(slots.isCrowdedBy('2001:db8::3', 2)).toBe(true)
    slots.end(links[0], 'well', 0)
    expect(slots.isCrowdedBy('10.0.0.1', 2)).toBe(false)
  })

  it('give up what is over before all else, once, and count it until it is gone', () => {
    const { slots, links } = slotsOf('10.0.0.1', '10.0.0.2')
    slots.end(links[1], 'waste', 0)
    slots.linger(links[1])
    slots.linger({ name: 'soon gone' })
    expect([slots.taken, slots.has(links[1])]).toEqual([3, false])
    expect(slots.take()).toBe(links[1])
    expect(slots.take()?.name).toBe('soon gone')
    expect(slots.take()).toBe(links[0])
    slots.linger(links[1])
    slots.gone(links[1])
    expect(slots.taken).toBe(1)
  })
})
