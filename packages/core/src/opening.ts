import type { Channel } from './channel.ts'
import { causeText, MillraceError } from './millrace-error.ts'
import type { PipeTarget } from './pipe-home.ts'
import type { Address, CancelSignal, Link, Transport } from './transport.ts'

/** Checks, before anything is done, that a channel can be opened at all. */
export function checkOpening(
  where: unknown,
  target: PipeTarget,
  transport: Transport,
  signal?: CancelSignal,
): void {
  if (where !== 'remote' && where !== 'local') {
    throw new MillraceError('argument-invalid', `open takes 'remote' or 'local'; got '${String(where)}'`)
  }
  if (signal?.aborted) throw signal.reason
  if (transport.carries === 'datagrams') {
    const text = `'${target.transportName}' carries datagrams, which have no channels: bind it`
    throw new MillraceError('unsupported', text)
  }
  if (target.protocol.session === undefined) {
    throw new MillraceError('unsupported', `'${target.protocol.label}' works on datagrams only`)
  }
}

/** Connects, and says in words of its own why that failed. */
export async function connectLink(
  transport: Transport,
  address: Address,
  signal?: CancelSignal,
): Promise<Link> {
  if (transport.carries !== 'bytes') throw new MillraceError('unsupported', `${address.text} has no links`)
  try {
    return await transport.connect(address, signal)
  } catch (error) {
    if (signal?.aborted) throw signal.reason
    if (error instanceof MillraceError) throw error
    const isRefused = (error as { code?: unknown } | undefined)?.code === 'ECONNREFUSED'
    const hint = isRefused ? 'nobody listens there' : causeText(error)
    throw new MillraceError('connect-failed', `cannot connect to ${address.text}: ${hint}`, { cause: error })
  }
}

/** A channel whose opener has given up is ended again. */
export function guardAborted(channel: Channel, signal: CancelSignal | undefined): Channel {
  if (!signal?.aborted) return channel
  channel.destroy()
  throw signal.reason
}
