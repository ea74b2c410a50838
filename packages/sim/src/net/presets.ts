import { SimError } from '../base/sim-error.ts'
import { type ConditionOptions, type Conditions, noConditions, withConditions } from './conditions.ts'

const mbit = 125_000

/**
 * Paths that people know, each direction alike: round figures of what such a path is like, from one end to the other, not measurements of one.
 * `none`: nothing takes time, for tests of something else.
 */
export const presets = {
  none: {},
  lan: { delayMs: [0.1, 0.5], bytesPerSecond: 1000 * mbit, queueBytes: 1_000_000 },
  wifi: {
    delayMs: [2, 15],
    jitter: 'long-tail',
    loss: 0.001,
    bytesPerSecond: 50 * mbit,
  },
  lte: {
    delayMs: [25, 70],
    jitter: 'long-tail',
    loss: 0.002,
    clogs: { chance: 0.0002, ms: [50, 300] },
    bytesPerSecond: 20 * mbit,
    queueBytes: 500_000,
  },
  'bad-wifi': {
    delayMs: [5, 80],
    jitter: 'long-tail',
    loss: 0.01,
    bursts: { chance: 0.003, packets: 12, loss: 0.6 },
    duplication: 0.001,
    reorder: 0.005,
    clogs: { chance: 0.0005, ms: [100, 800] },
    bytesPerSecond: 4 * mbit,
    queueBytes: 64_000,
  },
  'geo-satellite': {
    delayMs: [270, 310],
    jitter: 'bell',
    loss: 0.003,
    bursts: { chance: 0.0005, packets: 20, loss: 0.5 },
    bytesPerSecond: 10 * mbit,
    queueBytes: 500_000,
  },
} as const satisfies Readonly<Record<string, ConditionOptions>>

/** The name of a preset. */
export type Preset = keyof typeof presets

/** Conditions by the name of a preset, or by what differs from `none`. */
export type Net = Preset | ConditionOptions

/** All conditions that a name or options mean. Throws `argument-invalid`. */
export function conditionsOf(net: Net): Conditions {
  if (typeof net !== 'string') return withConditions(noConditions, net)
  if (!Object.hasOwn(presets, net))
    throw new SimError(
      'argument-invalid',
      `'${net}' is no network; there are ${Object.keys(presets).join(', ')}`,
    )
  return withConditions(noConditions, presets[net])
}
