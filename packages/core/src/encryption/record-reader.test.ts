import { BlockPool, SegmentBuffer } from '@millrace/buffer'
import { noblePrimitives, RecordOpener, RecordSealer, startHandshake } from '@millrace/cipher'
import { Random } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'
import { RecordReader } from './record-reader.ts'

const pool = new BlockPool({ checks: 'on' })

/** What seals at one end, and what opens at the other. */
function line(seed = 1): { sealer: RecordSealer; opener: RecordOpener } {
  const random = new Random(seed)
  const psk = random.bytes(32)
  const side = <Role extends 'initiator' | 'responder'>(role: Role) =>
    startHandshake<string, Role>({
      suite: 'Noise_NNpsk0_25519_ChaChaPoly_SHA256',
      role,
      primitives: noblePrimitives,
      random: (count) => random.bytes(count),
      prologue: Buffer.from('test'),
      psks: [psk],
    })
  const [near, far] = [side('initiator'), side('responder')]
  far.read(near.write())
  near.read(far.write())
  return {
    sealer: new RecordSealer(near.split().send),
    opener: new RecordOpener(far.split().receive, { pool }),
  }
}

/** The bytes of records with so many bytes in each; with a change of the key behind each, if asked for. */
function sealed(sealer: RecordSealer, sizes: readonly number[], then?: 'rekey'): Uint8Array {
  const out = new SegmentBuffer(pool)
  sizes.forEach((size, index) => {
    sealer.append(new Uint8Array(size).fill(index), out, 0)
    if (then === 'rekey') sealer.rekey(out)
  })
  const batch = out.take()
  const bytes = new Uint8Array(Buffer.concat(batch.segments))
  batch.release()
  return bytes
}

/** A reader, and what it told. */
function reading(opener: RecordOpener) {
  const told: { readonly bytes: number[]; calls: number; rests: number } = { bytes: [], calls: 0, rests: 0 }
  const reader = new RecordReader(opener, {
    opened: (plain) => {
      told.calls++
      told.bytes.push(...plain)
    },
    rests: () => void told.rests++,
  })
  return { reader, told }
}

const expected = (sizes: readonly number[]) =>
  sizes.flatMap((size, index) => new Array(size).fill(index % 256))

describe('a reader of records', () => {
  it('tells a chunk of many small records at once, and large ones as they are, in order', () => {
    const { sealer, opener } = line()
    const { reader, told } = reading(opener)
    const sizes = [1, 2, 3, 5000, 7, 8, 1023, 1024, 1]
    reader.receive(sealed(sealer, sizes), 'given', 0)
    expect(told.bytes).toEqual(expected(sizes))
    expect([told.calls, told.rests]).toEqual([5, 0])
  })

  it('rests behind 256 small ones, keeps what is lent and what comes meanwhile, and goes on where it was', () => {
    const { sealer, opener } = line()
    const { reader, told } = reading(opener)
    const sizes = new Array(700).fill(1)
    const first = sealed(sealer, sizes)
    const second = sealed(sealer, [3, 4])
    reader.receive(first, 'lent', 0)
    expect([told.bytes.length, told.rests, reader.isResting]).toEqual([256, 1, true])
    first.fill(0xee)
    reader.receive(second, 'lent', 0)
    second.fill(0xee)
    reader.goOn(0)
    expect(told.bytes.length).toBe(512)
    reader.goOn(0)
    expect(told.bytes).toEqual([...expected(sizes), 0, 0, 0, 1, 1, 1, 1])
    expect([reader.isResting, opener.failure]).toEqual([false, undefined])
  })

  it('reads all that is left when nothing more will come', () => {
    const { sealer, opener } = line()
    const { reader, told } = reading(opener)
    reader.receive(sealed(sealer, new Array(2000).fill(1)), 'given', 0)
    reader.finish(0)
    expect([told.bytes.length, reader.isResting]).toEqual([2000, false])
  })

  it('stops when its owner ends it, in the middle of a chunk', () => {
    const { sealer, opener } = line()
    let calls = 0
    const reader: RecordReader = new RecordReader(opener, {
      opened: () => {
        calls++
        reader.end()
      },
      rests() {},
    })
    reader.receive(sealed(sealer, [2000, 2000, 2000]), 'given', 0)
    expect(calls).toBe(1)
  })

  it('refuses more than 65,536 small ones at once, and takes 32,000 a second for ever', () => {
    const { sealer, opener } = line()
    const { reader } = reading(opener)
    const take = (ms: number) => {
      reader.receive(sealed(sealer, new Array(256).fill(1)), 'given', ms)
      reader.finish(ms)
    }
    for (let ms = 0; ms < 4000; ms += 8) take(ms)
    expect(reader.excess).toBe('')
    for (let count = 0; count < 256; count++) take(4000)
    expect(reader.excess).toBe('')
    take(4000)
    expect(reader.excess).toBe('records with next to nothing in them')
  })

  it('refuses more than sixteen key changes at once, and takes one a second', () => {
    const { sealer, opener } = line()
    const { reader } = reading(opener)
    for (let second = 0; second < 40; second++)
      reader.receive(sealed(sealer, [100], 'rekey'), 'given', second * 1000)
    expect(reader.excess).toBe('')
    reader.receive(sealed(sealer, new Array(17).fill(100), 'rekey'), 'given', 40_000)
    expect(reader.excess).toBe('key changes')
  })
})
