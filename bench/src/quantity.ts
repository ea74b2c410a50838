/** What a figure counts. Decides how it is printed; values are always in the base unit named here. */
export type Unit = 'per second' | 'MB/s' | 'ns' | 'µs' | 'bytes' | 'count' | 'share'

/** A figure with three significant digits and its unit: `3.71 M/s`, `2.04 GB/s`, `850 ns`, `12.1 KB`; of a share the number alone. */
export function formatQuantity(value: number, unit: Unit): string {
  switch (unit) {
    case 'per second':
      return scaled(value, ['/s', 'k/s', 'M/s', 'G/s'])
    case 'MB/s':
      return scaled(value, ['MB/s', 'GB/s', 'TB/s'])
    case 'ns':
      return scaled(value, ['ns', 'µs', 'ms', 's'])
    case 'µs':
      return scaled(value, ['µs', 'ms', 's'])
    case 'share':
      return significant(value)
    case 'count':
      return `${value}`
    case 'bytes':
      return scaled(value, ['B', 'KB', 'MB', 'GB'])
  }
}

/** A ratio with three significant digits: `0.512×`, `4.31×`, `48.6×`. */
export function formatRatio(ratio: number): string {
  return `${significant(ratio)}×`
}

function scaled(value: number, units: readonly string[]): string {
  let size = Math.abs(value)
  let step = 0
  while (size >= 999.5 && step < units.length - 1) {
    size /= 1000
    step++
  }
  return `${value < 0 ? '-' : ''}${significant(size)} ${units[step]}`
}

function significant(value: number): string {
  if (!Number.isFinite(value)) return '–'
  const size = Math.abs(value)
  if (size >= 99.95) return value.toFixed(0)
  if (size >= 9.995) return value.toFixed(1)
  if (size >= 0.9995 || size === 0) return value.toFixed(2)
  return value.toFixed(3)
}
