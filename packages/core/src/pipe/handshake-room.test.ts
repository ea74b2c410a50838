import { RawPeer, Rig } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'
import type { MillraceError } from '../base/millrace-error.ts'
import type { Conversation } from '../channel/conversation.ts'
import { makeRoom } from './handshake-room.ts'
import { HandshakeSlots } from './handshake-slots.ts'

/** A process that can hold so many links, of which some are channels, and makes room for one that comes each time. */
function processOf(capacity: number, openCount: number, maxHandshakes = 4096) {
  const slots = new HandshakeSlots<Conversation>(() => 0)
  let count = 0
  let cut = 0
  const comes = (how: 'room' | 'full' = 'room') => {
    const room = { capacity, isFull: how === 'full', refused() {} }
    const outcome = makeRoom(slots, maxHandshakes, openCount, room)
    if (outcome === 'none') return outcome
    const conversation = {} as Conversation
    const destroy = () => {
      cut++
      slots.end(conversation, 'waste', 0)
    }
    Object.assign(conversation, { carrier: { destroy } })
    slots.add(conversation, `10.0.0.${count++}`, 0)
    return outcome
  }
  return { slots, comes, cut: () => cut }
}

describe('room for one more handshake', () => {
  it('is half of what channels leave of the descriptors, and never none', () => {
    for (const [capacity, openCount, most] of [
      [200, 0, 100],
      [200, 100, 50],
      [200, 199, 1],
      [200, 400, 1],
    ]) {
      const { slots, comes, cut } = processOf(capacity, openCount)
      for (let count = 0; count < 300; count++) comes()
      expect([slots.taken, cut()], `${openCount}`).toEqual([most, 300 - most])
    }
  })

  it('is maxHandshakes where that is less', () => {
    const { slots, comes } = processOf(10_000, 0, 20)
    for (let count = 0; count < 300; count++) comes()
    expect(slots.taken).toBe(20)
  })

  it('is made by cutting a handshake when the process is full, and is not there when there is none', () => {
    const { slots, comes, cut } = processOf(200, 100)
    expect(comes('full')).toBe('none')
    for (let count = 0; count < 3; count++) expect(comes()).toBe('free')
    expect((comes('full') as MillraceError).code).toBe('descriptor-limit')
    expect([slots.taken, cut()]).toEqual([3, 1])
    comes('full')
    expect([slots.taken, cut()]).toEqual([3, 2])
  })

  it('is not taken by refused peers that stay: they go first', async () => {
    const rig = new Rig()
    const accepting = rig.pipe('server', { maxHandshakes: 4 })
    await rig.until(accepting.bind())
    const refused: RawPeer[] = []
    for (let count = 0; count < 4; count++) {
      const peer = await RawPeer.connect(rig.network, 'net://server')
      peer.sendHello({ codec: 'another' })
      await rig.loop.settle()
      expect([peer.goodbye?.code, peer.isGone]).toEqual(['protocol-mismatch', false])
      refused.push(peer)
    }
    const honest: RawPeer[] = []
    for (let count = 1; count <= 4; count++) {
      honest.push(await RawPeer.connect(rig.network, 'net://server'))
      await rig.loop.settle()
      expect(rig.network.connections.filter(({ accepted }) => !accepted.isGone).length).toBe(4)
    }
    for (const peer of honest) peer.sendHello()
    await rig.loop.settle()
    expect(accepting.channelCount).toBe(4)
    await rig.end()
  })
})
