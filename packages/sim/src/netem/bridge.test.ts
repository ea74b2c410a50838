import type { SegmentBatch } from '@millrace/buffer'
import type { Link, LinkOwner } from '@millrace/core'
import { describe, expect, it } from 'vitest'
import { BridgeEnd } from './bridge.ts'

/** A link that keeps what it is told, and says what the test wants. */
class LinkDiary implements Link {
  owner!: LinkOwner
  readonly calls: string[] = []
  readonly sent: number[] = []
  /** Bytes that were sent, and not told to have left. */
  waiting = 0

  start(owner: LinkOwner): void {
    this.owner = owner
  }

  send(batch: SegmentBatch): 'waits' {
    for (const segment of batch.segments) this.sent.push(...segment.subarray(0, 4))
    this.waiting += batch.size
    batch.release()
    return 'waits'
  }

  takesAll(): void {
    const size = this.waiting
    this.waiting = 0
    this.owner.sent(size)
  }

  pause = (): void => void this.calls.push('pause')
  resume = (): void => void this.calls.push('resume')
  end = (): void => void this.calls.push('end')
  destroy = (): void => void this.calls.push('destroy')
  describe = (): string => 'diary'
}

function bridged() {
  const [one, other] = [new LinkDiary(), new LinkDiary()]
  const ends = [new BridgeEnd(one), new BridgeEnd(other)] as const
  let overCount = 0
  const join = () => BridgeEnd.join(...ends, () => overCount++)
  return { one, other, ends, join, overCount: () => overCount }
}

describe('a bridge', () => {
  it('holds what comes before it is whole, and hands it on first', () => {
    const { one, other, join } = bridged()
    const lent = Uint8Array.of(1, 2)
    one.owner.received(lent, 'lent')
    lent.fill(9)
    one.owner.received(Uint8Array.of(3), 'given')
    one.owner.ended()
    expect([one.calls, other.calls]).toEqual([['pause'], ['pause']])
    join()
    expect(other.sent).toEqual([1, 2, 3])
    expect(other.calls).toEqual(['pause', 'end', 'resume'])
    other.owner.received(Uint8Array.of(4), 'lent')
    expect(one.sent).toEqual([4])
  })

  it('ends a link that brings too much before it is whole', () => {
    const { one, join } = bridged()
    const piece = new Uint8Array(1024 * 1024)
    for (let count = 0; count < 16; count++) one.owner.received(piece, 'given')
    expect(one.calls).toEqual(['pause'])
    one.owner.received(piece, 'given')
    expect(one.calls).toEqual(['pause', 'destroy'])
    one.owner.gone()
    join()
  })

  it('makes a link wait while the other does not take what came', () => {
    const { one, other, join } = bridged()
    join()
    const piece = new Uint8Array(65_536)
    for (let count = 0; count < 3; count++) one.owner.received(piece, 'lent')
    expect(one.calls).toEqual(['pause', 'resume'])
    one.owner.received(piece, 'lent')
    one.owner.received(piece, 'lent')
    expect(one.calls).toEqual(['pause', 'resume', 'pause'])
    other.takesAll()
    expect(one.calls).toEqual(['pause', 'resume', 'pause', 'resume'])
  })

  it('ends both when a link that can not wait brings too much', () => {
    const { one, other, ends } = bridged()
    Object.assign(one, { pause: undefined, resume: undefined })
    BridgeEnd.join(...ends, () => {})
    const piece = new Uint8Array(1024 * 1024)
    for (let count = 0; count < 15; count++) one.owner.received(piece, 'lent')
    expect(other.calls).not.toContain('destroy')
    one.owner.received(piece, 'lent')
    expect(other.calls).toContain('destroy')
    other.owner.gone()
    expect(one.calls).toContain('destroy')
  })

  it('lets a link go on that has ended in order with the other, and destroys it otherwise', () => {
    const inOrder = bridged()
    inOrder.join()
    inOrder.one.owner.ended()
    inOrder.other.owner.ended()
    inOrder.one.owner.gone()
    expect(inOrder.other.calls).not.toContain('destroy')
    expect(inOrder.overCount()).toBe(0)
    inOrder.other.owner.gone()
    expect(inOrder.overCount()).toBe(1)

    for (const error of [undefined, new Error('reset')]) {
      const broken = bridged()
      broken.join()
      broken.one.owner.ended()
      if (error !== undefined) broken.other.owner.ended()
      broken.one.owner.gone(error)
      expect(broken.other.calls).toContain('destroy')
    }
  })

  it('is over at once for a link that went before it was whole', () => {
    const { one, other, join, overCount } = bridged()
    one.owner.received(Uint8Array.of(1), 'lent')
    one.owner.gone()
    join()
    expect(other.sent).toEqual([])
    expect(other.calls).toContain('destroy')
    other.owner.gone()
    expect(overCount()).toBe(1)
  })
})
