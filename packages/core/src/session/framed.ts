import { bodySizeLimit } from '@millrace/wire'
import type { Codec } from '../ports/codec.ts'
import type { Protocol, SessionHost, StreamSession } from '../ports/protocol.ts'
import { messageSizes } from './frame-writer.ts'
import { FramedStream } from './framed-stream.ts'

/** A protocol of Millrace's own hello, frames, requests and heartbeat around a message codec. */
export function framed<Messages extends object>(codec: Codec<Messages>): Protocol<Messages> {
  const sizes = messageSizes(codec)
  const traits = (number: number) => codec.keys.traits(number)
  return {
    kind: 'protocol',
    label: codec.name,
    keys: codec.keys,
    session: (host: SessionHost): StreamSession =>
      new FramedStream(codec.forChannel?.() ?? codec, sizes, host),
    frames: ({ messageSizeMax }) => ({
      fixedSizes: sizes.fixed,
      bodySizeMax: Math.min(messageSizeMax, bodySizeLimit),
      traits,
    }),
  }
}
