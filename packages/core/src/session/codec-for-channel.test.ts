import { PlainCodec, Rig } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'
import type { ByteSource } from '../ports/codec.ts'
import { framed } from './framed.ts'

/** Notes which of its copies read what. */
class RememberingCodec extends PlainCodec {
  readonly read: unknown[] = []
  readonly copies: RememberingCodec[] = []

  forChannel(): RememberingCodec {
    const copy = Object.assign(new RememberingCodec(), { keys: this.keys })
    this.copies.push(copy)
    return copy
  }

  override decode(number: number, source: ByteSource, start: number, end: number): unknown {
    const body = super.decode(number, source, start, end)
    this.read.push(body)
    return body
  }
}

describe('a codec that remembers what it read', () => {
  it('is asked for one for each channel and side, which alone reads what that channel receives', async () => {
    const codec = new RememberingCodec()
    const rig = new Rig({ protocol: framed(codec) })
    const accepting = rig.pipe('server')
    const opening = rig.pipe()
    await rig.until(accepting.bind())
    const channels = [await rig.until(opening.open()), await rig.until(opening.open())]
    expect(codec.copies).toHaveLength(4)
    for (const [index, channel] of channels.entries())
      for (let i = 0; i < 2; i++) channel.send('n', index * 10 + i)
    await rig.loop.settle()
    const read = codec.copies.map((copy) => copy.read).filter((bodies) => bodies.length > 0)
    expect(read).toEqual([
      [0, 1],
      [10, 11],
    ])
    expect(codec.read).toEqual([])
    await rig.end()
  })
})
