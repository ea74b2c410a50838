import { describe, expect, it } from 'vitest'
import { HandshakeSlots, neighbourhood } from './handshake-slots.ts'

describe('the slots of handshakes', () => {
  it('give up the oldest of the address that has most, wherever the others are', () => {
    const slots = new HandshakeSlots<{ name: string }>()
    const add = (name: string, address?: string) => {
      const carrier = { name }
      slots.add(carrier, address)
      return carrier
    }
    add('first of all', '10.0.0.1')
    const flood = ['a', 'b', 'c'].map((name) => add(name, '10.0.0.2'))
    add('unix', undefined)
    expect(slots.first()?.name).toBe('a')
    slots.delete(flood[0])
    expect(slots.first()?.name).toBe('b')
    slots.delete(flood[1])
    // One each: whose address has been there for longest.
    expect(slots.first()?.name).toBe('first of all')
    expect([...slots].map(({ name }) => name)).toEqual(['first of all', 'c', 'unix'])
    for (const carrier of [...slots, flood[0]]) slots.delete(carrier)
    expect([slots.size, slots.first()]).toEqual([0, undefined])
  })

  it('know an IPv4 address however it is written, and the network of an IPv6 address', () => {
    const pairs = [
      ['192.0.2.7', '192.0.2.7'],
      ['::ffff:192.0.2.7', '192.0.2.7'],
      ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
      ['2001:db8:1:2::6', '2001:db8:1:2'],
      ['2001:0db8::6', '2001:db8:0:0'],
      ['2001:db8:1:2:3:4:5::', '2001:db8:1:2'],
      ['fe80::1%eth0', 'fe80:0:0:0'],
      ['::1', '0:0:0:0'],
      ['', ''],
    ]
    for (const [address, place] of pairs) expect(neighbourhood(address), address).toBe(place)
  })
})
