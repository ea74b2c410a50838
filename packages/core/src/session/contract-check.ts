import {
  type ContractEntry,
  type ContractTable,
  compareContracts,
  contractTableRoom,
  contractTableSizeMax,
  readContractTable,
  writeContractTable,
} from '@millrace/wire'
import type { CloseReason } from '../base/close-reason.ts'
import { printable } from '../base/printable.ts'
import type { FrameSink } from '../ports/framing.ts'

const namesShown = 5

/** So many bytes of this side's table for each that the peer has sent: who sends little learns little, and no one gets much for nothing. */
const bytesForOne = 4

/** Finds out how the contracts of two sides differ, and says it in words. */
export class ContractCheck {
  /** The largest body of the peer's table, in bytes. */
  readonly tableSizeMax = contractTableSizeMax
  readonly #table: ContractTable

  constructor(table: ContractTable) {
    this.#table = table
  }

  /** Shows the peer this side's table. */
  write(out: FrameSink): void {
    write(out, this.#table)
  }

  /**
   * Reads the peer's table and concludes why the channel can't be. The accepting side shows its own one now, to `out`: what both have first, and as much of it
   * as the peer has paid for.
   */
  conclude(view: DataView, start: number, end: number, out?: FrameSink): CloseReason {
    const theirs = readContractTable(view, start, end)
    if (theirs === undefined) return { code: 'protocol-violation', what: 'a broken contract table' }
    if (out !== undefined) write(out, paidFor(this.#table, theirs, end - start))
    return this.#compare(theirs)
  }

  #compare(theirs: ContractTable): CloseReason {
    const { changed, mineOnly, theirsOnly, isReordered, older } = compareContracts(this.#table, theirs)
    const parts: string[] = []
    if (changed.length > 0) parts.push(`message ${quote(changed)} differs`)
    if (mineOnly.length > 0) parts.push(`only this side has ${quote(mineOnly)}`)
    if (theirsOnly.length > 0) parts.push(`only the peer has ${quote(theirsOnly)}`)
    if (isReordered) parts.push('the same messages stand in another order')
    const isCounted = this.#table.version + theirs.version > 0
    const versions = isCounted ? ` (version ${this.#table.version} here, ${theirs.version} there)` : ''
    const text = `the contracts differ: ${parts.join('; ')}; ${ages[older]}${versions}`
    return { code: 'contract-mismatch', text, older }
  }
}

function write(out: FrameSink, table: ContractTable): void {
  out.commit(writeContractTable(out, out.reserve(contractTableRoom(table)), table))
}

/** The table, or the part of it for a peer with a table of so many bytes. */
function paidFor(table: ContractTable, theirs: ContractTable, size: number): ContractTable {
  const sizeMax = bytesForOne * size
  if (contractTableRoom(table) <= sizeMax) return table
  const known = new Set(theirs.entries.map(({ key }) => key))
  const inOrder = [
    ...table.entries.filter(({ key }) => known.has(key)),
    ...table.entries.filter(({ key }) => !known.has(key)),
  ]
  const entries: ContractEntry[] = []
  let left = sizeMax - contractTableRoom({ ...table, entries })
  for (const entry of inOrder) {
    left -= contractTableRoom({ ...table, entries: [entry] }) - contractTableRoom({ ...table, entries: [] })
    if (left < 0) break
    entries.push(entry)
  }
  return { ...table, entries }
}

const ages = {
  mine: 'this side is older',
  theirs: 'the peer is older',
  unknown: 'neither side is plainly older: give contracts a version',
}

function quote(names: readonly string[]): string {
  const shown = names.slice(0, namesShown).map((name) => `'${printable(name)}'`)
  const more = names.length - shown.length
  return shown.join(', ') + (more > 0 ? ` and ${more} more` : '')
}
