import type { Block, PooledBlock } from './block.ts'
import { foreignBlock } from './buffer-checks.ts'
import { BufferError } from './buffer-error.ts'

/** A block that is out, as `BlockPool.outstanding` lists it. */
export interface OutstandingBlock {
  /** Counts the takes of the pool from 1, so that a run with the same takes has the same ids. */
  readonly id: number
  /** Length of the block in bytes. */
  readonly size: number
  /** The stack of the `take` call. */
  readonly takenAt: string
}

const POISON = 0xdb

/** A block handed out by a pool with checks on: good for one take, dead for good after its give. */
class CheckedBlock implements Block {
  readonly id: number
  readonly memory: PooledBlock
  /** Errors know the stack of their making; its text is made when it is asked for, which is what costs. */
  readonly takenAt = new Error('taken')
  givenAt: Error | undefined

  constructor(id: number, memory: PooledBlock) {
    this.id = id
    this.memory = memory
  }

  get bytes(): Uint8Array {
    if (this.givenAt !== undefined) throw this.#used('bytes')
    return this.memory.bytes
  }

  get view(): DataView {
    if (this.givenAt !== undefined) throw this.#used('view')
    return this.memory.view
  }

  describe(): string {
    return `block #${this.id} (${this.memory.bytes.length} bytes)`
  }

  #used(what: string): BufferError {
    return new BufferError(
      'use-after-release',
      `.${what} of ${this.describe()} was used after it had been given back; given back at\n${stack(this.givenAt)}`,
    )
  }
}

/**
 * Finds misuse of blocks. Every take gets a handle of its own, memory is filled with poison while it is
 * free, and the poison is looked at before the memory is used again or dropped. Slow: meant for tests.
 */
export class BlockChecker {
  #idLast = 0
  readonly #outstanding = new Set<CheckedBlock>()
  /** The last handle of each piece of memory that lies in the pool. */
  readonly #lastHandles = new WeakMap<PooledBlock, CheckedBlock>()

  /** A fresh handle for memory about to be handed out. Throws `stale-write` if its poison is damaged. */
  taken(memory: PooledBlock): Block {
    if (this.#lastHandles.has(memory)) this.verify(memory)
    else memory.bytes.fill(POISON)
    const handle = new CheckedBlock(++this.#idLast, memory)
    this.#outstanding.add(handle)
    return handle
  }

  /** The memory behind a handle that comes back, filled with poison; the handle is dead from here on. */
  given(block: Block, owner: object): PooledBlock {
    if (!(block instanceof CheckedBlock) || block.memory.owner !== owner) throw foreignBlock()
    if (block.givenAt !== undefined) {
      throw new BufferError(
        'double-give',
        `${block.describe()} was given back twice; the first time at\n${stack(block.givenAt)}`,
      )
    }
    this.#outstanding.delete(block)
    block.givenAt = new Error('given back')
    block.memory.bytes.fill(POISON)
    this.#lastHandles.set(block.memory, block)
    return block.memory
  }

  /** Throws `stale-write` if free memory was written to; forgets the memory either way. */
  verify(memory: PooledBlock): void {
    const handle = this.#lastHandles.get(memory)
    this.#lastHandles.delete(memory)
    const position = damagedPosition(memory.bytes)
    if (position === -1 || handle === undefined) return
    throw new BufferError(
      'stale-write',
      `byte ${position} of ${handle.describe()} was written after it had been given back at\n${stack(handle.givenAt)}`,
    )
  }

  outstanding(): OutstandingBlock[] {
    return Array.from(this.#outstanding, ({ id, memory, takenAt }) => {
      return { id, size: memory.bytes.length, takenAt: stack(takenAt) }
    })
  }
}

function damagedPosition(bytes: Uint8Array): number {
  for (let position = 0; position < bytes.length; position++) if (bytes[position] !== POISON) return position
  return -1
}

function stack(error: Error | undefined): string {
  const text = error?.stack ?? ''
  return text.slice(text.indexOf('\n') + 1) || 'an unknown place'
}
