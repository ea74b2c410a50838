import type { Random } from '@millrace/sim'
import type { Eavesdropper } from './fake-link.ts'

/** What a meddler can do to bytes on their way. */
export const meddlings = ['flip', 'drop', 'repeat', 'insert'] as const

/** One of them. */
export type Meddling = (typeof meddlings)[number]

/** What stands in the bytes of each message of the swarm that is not sealed. */
const clearMessage = /"n":(\d+),"text":"/g

/** A message may be sent in two batches: so many characters of the last one are looked at again. */
const overlap = 40

const latin1 = new TextDecoder('latin1')

/** Listens to one direction of a stream for messages in clear, and changes its bytes once, when it is told to. */
export class Wiretap implements Eavesdropper {
  /** The highest number of a message that was seen in clear; -1 before there is one. */
  clearMax = -1
  #tail = ''
  #armed: { readonly random: Random; readonly kind: Meddling; readonly changed: () => void } | undefined

  left(bytes: Uint8Array): void {
    const text = this.#tail + latin1.decode(bytes)
    for (const [, n] of text.matchAll(clearMessage)) this.clearMax = Math.max(this.clearMax, Number(n))
    this.#tail = text.slice(-overlap)
  }

  /** Changes the next bytes that arrive, and says so. */
  meddle(kind: Meddling, random: Random, changed: () => void): void {
    this.#armed = { kind, random, changed }
  }

  arriving(bytes: Uint8Array): Uint8Array {
    const armed = this.#armed
    if (armed === undefined) return bytes
    this.#armed = undefined
    armed.changed()
    return meddled(bytes, armed.kind, armed.random)
  }
}

/** Other bytes than these. */
function meddled(bytes: Uint8Array, kind: Meddling, random: Random): Uint8Array {
  const at = random.integer(0, bytes.length - 1)
  const end = random.integer(at + 1, bytes.length)
  switch (kind) {
    case 'flip': {
      const flipped = bytes.slice()
      flipped[at] ^= 1 << random.integer(0, 7)
      return flipped
    }
    case 'drop':
      return joined(bytes.subarray(0, at), bytes.subarray(end))
    case 'repeat':
      return joined(bytes.subarray(0, end), bytes.subarray(at))
    case 'insert':
      return joined(bytes.subarray(0, at), random.bytes(random.integer(1, 50)), bytes.subarray(at))
  }
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]))
}
