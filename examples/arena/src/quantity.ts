/** Numbers for people. */
const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })

export function count(value: number): string {
  return whole.format(value)
}

/** 812 B, 48.2 kB, 9.81 MB: powers of ten. */
export function bytes(value: number): string {
  if (value < 1000) return `${value.toFixed(0)} B`
  if (value < 1e6) return `${(value / 1e3).toFixed(1)} kB`
  return `${(value / 1e6).toFixed(2)} MB`
}

/** 1.8 %. */
export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}

/** A time in milliseconds; an ellipsis as long as there is none. */
export function ms(value: number): string {
  if (value === 0) return '… ms'
  return `${value.toFixed(value < 10 ? 2 : 1)} ms`
}
