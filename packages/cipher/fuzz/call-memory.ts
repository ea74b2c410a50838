type Input = Uint8Array | string

interface Call {
  readonly inputs: readonly Input[]
  readonly output: Uint8Array | undefined
}

/**
 * Remembers the calls of functions while something is recorded. When that is played again, it answers from memory as long as every call has
 * the same inputs, byte by byte and in the same order; from the first that differs on it computes. So no answer is another one than the function's.
 */
export class CallMemory {
  readonly #calls: Call[] = []
  #mode: 'record' | 'replay' | 'compute' = 'compute'
  #next = 0

  /** What comes now is to be remembered. */
  record(): void {
    this.#mode = 'record'
  }

  /** What was recorded is played again, from its beginning. */
  replay(): void {
    this.#mode = 'replay'
    this.#next = 0
  }

  /** The answer to a call, the caller's own. */
  answer(inputs: readonly Input[], compute: () => Uint8Array | undefined): Uint8Array | undefined {
    if (this.#mode === 'replay') {
      const call = this.#calls[this.#next++]
      if (call !== undefined && isSame(call.inputs, inputs)) return call.output?.slice()
      this.#mode = 'compute'
    }
    if (this.#mode === 'compute') return compute()
    // Copied before the call, which may overwrite them.
    const kept = inputs.map((input) => input.slice())
    const output = compute()
    this.#calls.push({ inputs: kept, output: output?.slice() })
    return output
  }
}

function isSame(kept: readonly Input[], asked: readonly Input[]): boolean {
  if (kept.length !== asked.length) return false
  for (let index = 0; index < kept.length; index++) {
    const [one, other] = [kept[index]!, asked[index]!]
    if (
      typeof one === 'string' || typeof other === 'string' ? one !== other : Buffer.compare(one, other) !== 0
    )
      return false
  }
  return true
}
