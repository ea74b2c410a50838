import { parseArgs } from 'node:util'

/** The whole numbers that a campaign was given by name, the defaults filled in; throws for anything else. */
export function wholeOptions<N extends string>(defaults: Readonly<Record<N, number>>): Record<N, number> {
  const names = Object.keys(defaults) as N[]
  const options = Object.fromEntries(
    names.map((name) => [name, { type: 'string' as const, default: String(defaults[name]) }]),
  )
  const { values } = parseArgs({ options })
  const given = names.map((name) => {
    const value = Number(values[name])
    if (!Number.isInteger(value) || value < 0)
      throw new Error(`--${name} ${values[name]}: must be a whole number from 0`)
    return [name, value] as const
  })
  return Object.fromEntries(given) as Record<N, number>
}

/** Milliseconds since some time ago, with parts. */
export function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
