import { BlockPool, SegmentBuffer } from '@millrace/buffer'
import { Random } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'
import { PieceQueue } from './piece-queue.ts'

describe('a queue of pieces', () => {
  it('gives all bytes of all batches once, in order, in pieces that are full but for the last', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = new Random(seed)
      const pool = new BlockPool({ checks: 'on' })
      const pieceSize = random.pick([1, 7, 1000, 65_536])
      const queue = new PieceQueue()
      const wanted: Uint8Array[] = []
      const got: Uint8Array[] = []
      const sizes: number[] = []
      const push = () => {
        const out = new SegmentBuffer(pool)
        for (let parts = random.integer(1, 4); parts > 0; parts--) {
          const bytes = random.bytes(random.integer(1, random.pick([5, 3000])))
          wanted.push(bytes)
          if (random.chance(0.5)) out.append(bytes)
          else out.appendShared(bytes)
        }
        queue.push(out.take())
      }
      for (let batches = random.integer(1, 6); batches > 0 || queue.isWaiting || sizes.length > 0; ) {
        const what = random.pick(['push', 'take', 'left'])
        if (what === 'push' && batches-- > 0) push()
        else if (what === 'take' && queue.isWaiting) {
          const piece = Buffer.concat(queue.take(pieceSize))
          expect(piece.length).toBeGreaterThan(0)
          expect(piece.length === pieceSize || (piece.length < pieceSize && !queue.isWaiting)).toBe(true)
          got.push(piece)
          sizes.push(piece.length)
        } else if (sizes.length > 0) queue.left(sizes.shift()!)
      }
      expect(Buffer.concat(got).equals(Buffer.concat(wanted))).toBe(true)
      expect(pool.outstanding()).toEqual([])
    }
  })

  it('gives a batch back when all of it has left, and not before', () => {
    const pool = new BlockPool({ checks: 'on' })
    const queue = new PieceQueue()
    const out = new SegmentBuffer(pool)
    out.append(new Uint8Array(250))
    queue.push(out.take())
    const sizes = [queue.take(100), queue.take(100), queue.take(100)].map(
      (parts) => Buffer.concat(parts).length,
    )
    expect(sizes).toEqual([100, 100, 50])
    queue.left(249)
    expect(pool.outstanding()).toHaveLength(1)
    queue.left(1)
    expect(pool.outstanding()).toEqual([])
  })

  it('gives everything back at once, whatever has left', () => {
    const pool = new BlockPool({ checks: 'on' })
    const queue = new PieceQueue()
    for (let count = 0; count < 3; count++) {
      const out = new SegmentBuffer(pool)
      out.append(new Uint8Array(150))
      queue.push(out.take())
    }
    queue.take(100)
    queue.take(100)
    queue.left(100)
    queue.release()
    expect(queue.isWaiting).toBe(false)
    expect(pool.outstanding()).toEqual([])
  })
})
