import { describe, expect, it } from 'vitest'
import { MsgpackCodec } from './protocol.ts'

function encode(codec: MsgpackCodec<object>, body: unknown): Uint8Array {
  const bytes = new Uint8Array(codec.sizeBound(0, body))
  const end = codec.encode(0, body, { bytes, view: new DataView(bytes.buffer) }, 0)
  return bytes.subarray(0, end)
}

function decode(codec: MsgpackCodec<object>, bytes: Uint8Array): unknown {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return codec.decode(0, { bytes, view }, 0, bytes.length)
}

describe('MsgpackCodec', () => {
  it('writes small and large bodies alike', () => {
    const codec = new MsgpackCodec()
    for (const size of [0, 1, 8180, 8190, 8192, 8200, 100_000]) {
      const body = { text: 'x'.repeat(size) }
      expect(decode(codec, encode(codec, body))).toEqual(body)
    }
  })

  it('is not confused by a getter that sends with the same codec', () => {
    const codec = new MsgpackCodec()
    const inner: Uint8Array[] = []
    const body = {
      before: 'before',
      get between() {
        inner.push(encode(codec, { inner: 'inner'.repeat(20) }))
        return 7
      },
      after: 'after',
    }
    const outer = encode(codec, body)
    expect(decode(codec, outer)).toEqual({ before: 'before', between: 7, after: 'after' })
    for (const bytes of inner) expect(decode(codec, bytes)).toEqual({ inner: 'inner'.repeat(20) })
    expect(inner.length).toBeGreaterThan(0)
  })

  it('forgets a draft that failed', () => {
    const codec = new MsgpackCodec()
    expect(() => encode(codec, { run: () => undefined })).toThrow()
    expect(decode(codec, encode(codec, { fine: true }))).toEqual({ fine: true })
  })
})
