export { SimError, type SimErrorCode } from '../base/sim-error.ts'
export type {
  Clogs,
  ConditionOptions,
  Conditions,
  Jitter,
  LossBursts,
  Span,
} from '../net/conditions.ts'
export type { PathStatistics } from '../net/path.ts'
export { type Net, type Preset, presets } from '../net/presets.ts'
export { type BadPackets, type NetemOptions, netemPackets } from './bad-packets.ts'
export type { Netem, NetemStatistics } from './bad-paths.ts'
export { type CommandEnvironment, runNetem } from './command.ts'
export { type BadTransport, netem } from './netem.ts'
export { openProxy } from './proxy.ts'
export type { NetemProxy, ProxyOptions, ProxyStatistics } from './proxy-options.ts'
