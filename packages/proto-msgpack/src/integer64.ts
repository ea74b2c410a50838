const TWO_32 = 0x1_0000_0000

/** A number where one holds the integer exactly, else a bigint: never rounded. */
export function uint64(view: DataView, at: number): number | bigint {
  const value = view.getUint32(at) * TWO_32 + view.getUint32(at + 4)
  return Number.isSafeInteger(value) ? value : view.getBigUint64(at)
}

/** As `uint64`, signed. */
export function int64(view: DataView, at: number): number | bigint {
  const value = view.getInt32(at) * TWO_32 + view.getUint32(at + 4)
  return Number.isSafeInteger(value) ? value : view.getBigInt64(at)
}
