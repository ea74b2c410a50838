import type { ChannelEncryption } from '../base/channel-encryption.ts'
import { type CloseReason, linkReason } from '../base/close-reason.ts'
import { causeText } from '../base/millrace-error.ts'
import type { LocalHandshakeResult } from '../ports/encryption.ts'
import type { HandshakePlan, HandshakeSide } from '../ports/sealing.ts'
import { isCipherError } from './cipher-error.ts'
import { refusalText } from './link-handshake.ts'

/** Why there is no channel. */
type Failure = CloseReason & { readonly code: 'encryption-failed' }

/**
 * The handshake of two ends in one process, in one go. Nothing leaves the process, so nothing is sealed behind it; but keys must fit, and there
 * is a channel binding, so that a program behaves on a local channel as it would on others.
 */
export function handshakeLocally(opened: HandshakePlan, accepted: HandshakePlan): LocalHandshakeResult {
  return guarded(() => {
    for (const _ of exchange({ plan: opened }, { plan: accepted }));
    return { opened: resultOf(opened), accepted: resultOf(accepted) }
  })
}

/** The same for pipes that are encrypted: each end asks whether the other may go on, as soon as its key is proven. */
export async function handshakeWithAuthorisation(
  opened: HandshakeSide,
  accepted: HandshakeSide,
): Promise<LocalHandshakeResult> {
  const steps = exchange(opened, accepted)
  const asked = new Set<HandshakeSide>()
  for (;;) {
    const step = guarded(() => steps.next())
    if ('code' in step) return step
    if (step.done) break
    const refusal = await refusalOf(step.value, asked)
    if (refusal !== undefined) return refusal
  }
  return guarded(() => ({ opened: resultOf(opened.plan), accepted: resultOf(accepted.plan) }))
}

/** Moves the messages of the handshake; gives the end that has just read one. */
function* exchange(opened: HandshakeSide, accepted: HandshakeSide): Generator<HandshakeSide, undefined> {
  for (;;) {
    // A side says two at once: its token, and what it proves it by.
    const [writer, reader] = isWriting(opened) ? [opened, accepted] : [accepted, opened]
    if (!isWriting(writer)) return
    reader.plan.handshake.read(writer.plan.handshake.write())
    yield reader
  }
}

function isWriting({ plan }: HandshakeSide): boolean {
  return plan.handshake.turn === 'write'
}

/** Only `true` admits a peer, as on a link. */
async function refusalOf(side: HandshakeSide, asked: Set<HandshakeSide>): Promise<Failure | undefined> {
  const { remoteStatic, holder, failure } = side.plan.handshake
  if (failure !== undefined) return linkReason(failure) as Failure
  const peer = holder ?? remoteStatic
  if (peer === undefined || asked.has(side)) return undefined
  if (peer instanceof Uint8Array && !side.plan.isExpected(peer))
    return failed('the key of the peer is not peerKey')
  if (side.authorise === undefined) return undefined
  asked.add(side)
  try {
    const verdict: unknown = await side.authorise(peer)
    return verdict === true ? undefined : failed(refusalText(peer))
  } catch (error) {
    return failed(`authorise failed: ${causeText(error)}`)
  }
}

function guarded<Result>(work: () => Result): Result | Failure {
  try {
    return work()
  } catch (error) {
    if (isCipherError(error)) return failed(`the handshake failed: ${error.message}`)
    throw error
  }
}

function resultOf({ handshake, suite }: HandshakePlan): ChannelEncryption {
  const { send, receive, remoteStatic, handshakeHash } = handshake.split()
  send.wipe()
  receive.wipe()
  const { holder } = handshake
  return { suite, peerKey: remoteStatic, handshakeHash, ...(holder === undefined ? {} : { holder }) }
}

function failed(what: string): Failure {
  return { code: 'encryption-failed', what }
}
