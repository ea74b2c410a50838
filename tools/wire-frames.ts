/** What Millrace's own sessions write, frame by frame, for the vectors of docs/WIRE.md. */
import { defaultLimits, type Protocol } from 'millrace'
import { BlockPool, SegmentBuffer, type StreamSession } from 'millrace/extend'

/** One frame: what is in it, and its bytes. */
export interface WireVector {
  readonly name: string
  readonly what: string
  /** The body's codec; `any`: the frame is the same with all of them. */
  readonly codec: 'bits' | 'msgpack' | 'any'
  /** The first byte of the frame, and the size of the whole of it in bytes. */
  readonly code: number
  readonly size: number
  /** The bytes; of a long frame the first ones only: all that follow are `fill`. */
  readonly hex: string
  readonly fill?: number
  readonly fields: Readonly<Record<string, unknown>>
}

/** What the hellos of opening sides say at random. */
export const random = 'a1a2a3a4a5a6a7a8'

/** A session by itself, and what it writes. */
function bench(
  protocol: Protocol,
  role: 'opened' | 'accepted',
  data = '',
): { session: StreamSession; take: () => Buffer } {
  const pool = new BlockPool()
  const out = new SegmentBuffer(pool)
  const nothing = () => {}
  const session = protocol.session!({
    role,
    limits: defaultLimits,
    pool,
    out,
    mayDeliver: true,
    isOver: false,
    isOwing: false,
    allowance: Number.POSITIVE_INFINITY,
    refill: () => true,
    openData: Buffer.from(data),
    random: () => (role === 'opened' ? Buffer.from(random, 'hex') : Buffer.alloc(8, 0xb1)),
    admit: () => 'yes',
    opened: nothing,
    deliver: nothing,
    requested: nothing,
    limited: nothing,
    replied: nothing,
    faulted: nothing,
    awaited: () => -1,
    ponged: nothing,
    farewell: nothing,
    fail: nothing,
    cipherStep: nothing,
    wake: nothing,
  })
  const take = () => {
    const batch = out.take()
    const written = Buffer.concat(batch.segments)
    batch.release()
    return written
  }
  return { session, take }
}

/** The hello of an opening side. */
export function helloOf(protocol: Protocol, data = ''): Buffer {
  const { session, take } = bench(protocol, 'opened', data)
  session.start(0)
  return take()
}

/** What an accepting side answers to a hello. */
export function answered(protocol: Protocol, hello: Uint8Array): Buffer {
  const { session, take } = bench(protocol, 'accepted')
  session.receive(hello)
  session.process(0)
  return take()
}

/** What an opening side says when it has heard this hello. */
export function saidTo(protocol: Protocol, hello: Uint8Array): Buffer {
  const { session, take } = bench(protocol, 'opened')
  session.start(0)
  take()
  session.receive(hello)
  session.process(0)
  return take()
}

/** What a session that is open writes for one call. */
export function written(protocol: Protocol, write: (session: StreamSession) => void): Buffer {
  const { session, take } = bench(protocol, 'accepted')
  session.receive(helloOf(protocol))
  session.process(0)
  take()
  write(session)
  return take()
}

/** One vector. */
export function vector(
  name: string,
  what: string,
  codec: WireVector['codec'],
  frame: Buffer,
  fields: WireVector['fields'],
): WireVector {
  const code = frame[0]
  if (frame.length <= 400) return { name, what, codec, code, size: frame.length, hex: hexOf(frame), fields }
  const fill = frame[frame.length - 1]
  const head = frame.findLastIndex((byte) => byte !== fill) + 1
  return { name, what, codec, code, size: frame.length, hex: hexOf(frame.subarray(0, head)), fill, fields }
}

export function hexOf(frame: Uint8Array): string {
  return Buffer.from(frame).toString('hex')
}
