export { Random } from './base/random.ts'
export { SimError, type SimErrorCode } from './base/sim-error.ts'
export { systemError } from './base/system-error.ts'
export type {
  Clogs,
  ConditionOptions,
  Conditions,
  Jitter,
  LossBursts,
  Span,
} from './net/conditions.ts'
export type { UdpPacket } from './net/packet.ts'
export type { PathStatistics } from './net/path.ts'
export { type Net, type Preset, presets } from './net/presets.ts'
export type { Call, FaultOptions } from './sockets/faults.ts'
export type { Pieces } from './sockets/machine.ts'
export type { Hazard } from './swarm/hazard.ts'
export { drawPlan, type PlanOptions, type SwarmPlan } from './swarm/plan.ts'
export { type RuleName, ruleNames } from './swarm/rules.ts'
export { type SwarmOptions, swarm } from './swarm/swarm.ts'
export type { SwarmProgram, SwarmSetting } from './swarm/swarm-program.ts'
export { runPlan, type SwarmProgramMaker, type SwarmReport } from './swarm/swarm-run.ts'
export { VirtualLoop } from './time/virtual-loop.ts'
export { Host, type HostOptions } from './world/host.ts'
export type { HostLoop } from './world/host-loop.ts'
export type { Route, Way } from './world/route.ts'
export type { SimFactoryOptions, SimProtocols, SimTransports } from './world/sim-factory.ts'
export { type Endpoint, World, type WorldOptions } from './world/world.ts'
