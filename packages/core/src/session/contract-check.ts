import {
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
    out.commit(writeContractTable(out, out.reserve(contractTableRoom(this.#table)), this.#table))
  }

  /** Reads the peer's table and concludes why the channel can't be. */
  conclude(view: DataView, start: number, end: number): CloseReason {
    const theirs = readContractTable(view, start, end)
    if (theirs === undefined) return { code: 'protocol-violation', what: 'a broken contract table' }
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
