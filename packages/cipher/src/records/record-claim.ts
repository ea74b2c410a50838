import { CipherError } from '../base/errors.ts'

/** Marks on objects of others, not a registry: it answers only who asks with the object itself, and keeps nothing alive. */
const claimed = new WeakSet<object>()

/**
 * For sealers and openers: takes a cipher state for good. Throws `used` the second time: two machines on one state would count its nonces
 * for each other, and lose step with the other side.
 */
export function claim(state: object): void {
  if (claimed.has(state)) {
    throw new CipherError('used', 'This cipher state has its sealer or opener already: make a new handshake')
  }
  claimed.add(state)
}
