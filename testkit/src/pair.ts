import type { AnyMessages, Channel, Pipe, PipeOptions } from '@millrace/core'
import { Rig, type RigOptions } from './rig.ts'

/** How a pair is set up. */
export interface PairOptions<Messages extends object> extends RigOptions<Messages> {
  /** For the pipe that accepts. */
  readonly accepting?: PipeOptions
  /** For the pipe that opens. */
  readonly opening?: PipeOptions
}

/** Two pipes on one rig, and the channel between them, held from both sides. */
export interface Pair<Messages extends object = AnyMessages> {
  readonly rig: Rig<Messages>
  readonly accepting: Pipe<Messages>
  readonly opening: Pipe<Messages>
  readonly accepted: Channel<Messages, 'server'>
  readonly opened: Channel<Messages, 'client'>
}

/** Two pipes over a fake network with one loop, and an open channel between them. End it with `pair.rig.end()`. */
export async function pair<Messages extends object = AnyMessages>(
  options: PairOptions<Messages> = {},
): Promise<Pair<Messages>> {
  const rig = new Rig<Messages>(options)
  const accepting = rig.pipe('server', options.accepting)
  const opening = rig.pipe('server', options.opening)
  await rig.until(accepting.bind())
  const opened = await rig.until(opening.open())
  const [accepted] = rig.diary(accepting).accepted
  return { rig, accepting, opening, accepted, opened }
}
