/**
 * What was wrong:
 * - `argument-invalid`: an option or argument is out of its range, or names what there is none of;
 * - `host-unknown`, `host-exists`: there is no host of that name, or there is one already;
 * - `host-down`, `host-up`: the host has crashed, or has not;
 * - `still-waiting`: a promise did not settle in its time;
 * - `no-rest`: something happens at one instant again and again;
 * - `left-behind`: the world was ended, and something is left in it;
 * - `swarm-failed`: a run of the swarm found something wrong.
 */
export type SimErrorCode =
  | 'argument-invalid'
  | 'host-unknown'
  | 'host-exists'
  | 'host-down'
  | 'host-up'
  | 'still-waiting'
  | 'no-rest'
  | 'left-behind'
  | 'swarm-failed'

/** The error that this package throws on its own behalf; `code` is for programs, `message` says what would be right. */
export class SimError extends Error {
  readonly code: SimErrorCode

  constructor(code: SimErrorCode, message: string) {
    super(message)
    this.name = 'SimError'
    this.code = code
  }
}
