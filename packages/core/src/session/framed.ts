import type { Codec } from '../ports/codec.ts'
import type { Protocol, Session, SessionHost } from '../ports/protocol.ts'
import { FramedSession } from './framed-session.ts'

/** A protocol of Millrace's own hello, frames, requests and heartbeat around a message codec. */
export function framed<Messages extends object>(codec: Codec<Messages>): Protocol<Messages> {
  return {
    kind: 'protocol',
    label: codec.name,
    keys: codec.keys,
    session: (host: SessionHost): Session => new FramedSession(codec, host),
  }
}
