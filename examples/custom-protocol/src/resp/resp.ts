import type { Protocol, Request } from 'millrace'
import { KeyTable } from 'millrace/extend'
import { RespClientSession } from './resp-client-session.ts'
import { respKeys } from './resp-keys.ts'
import { parseRespLimits, type RespLimits } from './resp-limits.ts'
import { RespServerSession } from './resp-server-session.ts'
import type { RespCommand, RespReply, RespValue } from './resp-value.ts'

/** What travels on a RESP channel. */
export interface RespMessages {
  /**
   * A command and its reply. What the handler returns is the reply; a `RequestError` that it throws is an error. `send`
   * sends a command and ignores its reply.
   */
  command: Request<RespCommand, RespReply> | RespCommand
  /** What a server says unasked, such as a published message. */
  push: readonly RespValue[]
}

/**
 * The Redis serialisation protocol, versions 2 and 3, for both sides: a pipe that binds is a server to any Redis client, a
 * pipe that opens is a client. It owns its bytes: no hello, no frames of Millrace's.
 *
 * Replies leave in the order of their commands, however late a handler answers. The session answers `HELLO` and `QUIT` by
 * itself. After bytes that are no RESP the peer is told `-ERR Protocol error`, and the channel ends.
 */
export function resp(options: Partial<RespLimits> = {}): Protocol<RespMessages> {
  return {
    kind: 'protocol',
    label: 'resp',
    keys: KeyTable.closed(respKeys),
    session(host) {
      const limits = parseRespLimits(options, host.limits)
      return host.role === 'accepted'
        ? new RespServerSession(host, limits)
        : new RespClientSession(host, limits)
    },
  }
}
