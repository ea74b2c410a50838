import { type FrameTarget, finishFrame, frameCode, headerSizeMax } from './frame.ts'
import { hex64, writeHex64 } from './hex64.ts'
import { readText, textSize, writeText, writtenTextSize } from './short-text.ts'

/** One message of a contract, as far as two sides must agree on it. */
export interface ContractEntry {
  readonly key: string
  /** 64 bits over the message's schema, as 16 hexadecimal digits. */
  readonly fingerprint: string
  /** The number of fields: of two versions of a message, the one with fewer is taken to be the older. */
  readonly fieldCount: number
}

/** What a side has to say about its contract when the fingerprints of the hellos differ. */
export interface ContractTable {
  readonly version: number
  readonly entries: readonly ContractEntry[]
}

/** The largest body of a contract table, in bytes. Entries beyond are left out. */
export const contractTableSizeMax = 65_534

const entrySize = 10

/** The room that a table needs at most, header included. */
export function contractTableRoom(table: ContractTable): number {
  let size = headerSizeMax + 6
  for (const entry of table.entries) size += entrySize + 1 + Math.min(textSize(entry.key), 255)
  return Math.min(size, headerSizeMax + contractTableSizeMax)
}

/** Writes a table at `start` and returns its end. */
export function writeContractTable(target: FrameTarget, start: number, table: ContractTable): number {
  const { view } = target
  const bodyStart = start + headerSizeMax
  const limit = bodyStart + contractTableSizeMax
  let at = bodyStart + 6
  let count = 0
  for (const { key, fingerprint, fieldCount } of table.entries) {
    if (at + entrySize + 256 > limit) break
    writeHex64(view, at, fingerprint)
    view.setUint16(at + 8, Math.min(fieldCount, 0xffff), true)
    at = writeText(target, at + entrySize, key)
    count++
  }
  view.setUint32(bodyStart, table.version, true)
  view.setUint16(bodyStart + 4, count, true)
  return finishFrame(target, start, frameCode.contract, bodyStart, at)
}

/** Reads the body of a contract table; undefined when it is broken. */
export function readContractTable(view: DataView, start: number, end: number): ContractTable | undefined {
  if (end - start < 6) return undefined
  const entries: ContractEntry[] = []
  const count = view.getUint16(start + 4, true)
  let at = start + 6
  for (let index = 0; index < count; index++) {
    if (end - at < entrySize + 1) return undefined
    const key = readText(view, at + entrySize, end)
    if (key === undefined) return undefined
    entries.push({ key, fingerprint: hex64(view, at), fieldCount: view.getUint16(at + 8, true) })
    at += entrySize + writtenTextSize(view, at + entrySize)
  }
  return { version: view.getUint32(start, true), entries }
}

/** How two contracts differ, seen from this side. */
export interface ContractDifference {
  /** Keys that both have, with different schemas. */
  readonly changed: readonly string[]
  /** Keys that only this side has. */
  readonly mineOnly: readonly string[]
  /** Keys that only the peer has. */
  readonly theirsOnly: readonly string[]
  /** Both have the same messages, in another order: the numbers on the wire differ. */
  readonly isReordered: boolean
  /** Who has the older contract, by the versions if they differ, else by who lacks messages or fields. */
  readonly older: 'mine' | 'theirs' | 'unknown'
}

/** Compares the contract of this side with the peer's. */
export function compareContracts(mine: ContractTable, theirs: ContractTable): ContractDifference {
  const theirsByKey = new Map(theirs.entries.map((entry) => [entry.key, entry]))
  const mineKeys = new Set(mine.entries.map((entry) => entry.key))
  const mineOnly = [...mineKeys].filter((key) => !theirsByKey.has(key))
  const theirsOnly = [...theirsByKey.keys()].filter((key) => !mineKeys.has(key))
  const changed: string[] = []
  let mineRicher = mineOnly.length
  let theirsRicher = theirsOnly.length
  for (const entry of mine.entries) {
    const other = theirsByKey.get(entry.key)
    if (other === undefined || other.fingerprint === entry.fingerprint) continue
    changed.push(entry.key)
    if (entry.fieldCount > other.fieldCount) mineRicher++
    if (entry.fieldCount < other.fieldCount) theirsRicher++
  }
  return {
    changed,
    mineOnly,
    theirsOnly,
    isReordered: changed.length + mineOnly.length + theirsOnly.length === 0,
    older: olderSide(mine.version - theirs.version, mineRicher, theirsRicher),
  }
}

function olderSide(
  versionDifference: number,
  mineRicher: number,
  theirsRicher: number,
): 'mine' | 'theirs' | 'unknown' {
  if (versionDifference !== 0) return versionDifference < 0 ? 'mine' : 'theirs'
  if (mineRicher > 0 === theirsRicher > 0) return 'unknown'
  return mineRicher > 0 ? 'theirs' : 'mine'
}
