import type { PipeLimits } from '../base/options.ts'
import type { Runnable } from '../ports/driver.ts'
import type { PipeEncryption } from '../ports/encryption.ts'
import type { Loop } from '../ports/loop.ts'
import type { Transport } from '../ports/transport.ts'
import { Turns } from '../turn/turns.ts'
import { ChannelRegistry, type ChannelRegistryOwner } from './channel-registry.ts'
import type { Entrance } from './entrance.ts'
import type { FactoryServices, PipeTarget } from './factory-services.ts'
import type { PipeHandlers } from './pipe-events.ts'
import type { PipeOptions } from './pipe-options.ts'
import type { PipeReports } from './pipe-reports.ts'
import type { StrangerReports } from './stranger-reports.ts'

/** What a pipe has from its beginning. */
export interface PipeParts {
  readonly services: FactoryServices
  readonly options: PipeOptions
  readonly limits: PipeLimits
  readonly handlers: PipeHandlers
  readonly reports: PipeReports
  readonly encryption: PipeEncryption | undefined
  /** For those who come; undefined where pipes don't bind. */
  readonly entrance: Entrance | undefined
  /** Reports what goes wrong before there is a channel, where channels can be accepted. */
  readonly strangers: StrangerReports | undefined
}

/** What a pipe has once it knows where it leads. */
export interface Settled {
  readonly target: PipeTarget
  readonly transport: Transport
  readonly turns: Turns
  readonly registry: ChannelRegistry
}

/** Gives a pipe its target, and its turns and its registry unless it has some from an earlier one. */
export function settle(
  pipe: Runnable,
  parts: PipeParts,
  target: PipeTarget,
  before: Settled | undefined,
): Settled {
  const { platform } = parts.services
  const loop = parts.options.loop ?? platform.loop
  const transport = target.plugin.create({ loop, random: (size) => platform.random(size) })
  const turns = before?.turns ?? makeTurns(pipe, parts, loop)
  const registry = before?.registry ?? makeRegistry(pipe, parts, turns)
  registry.keys = target.protocol.keys
  registry.limits = limitsOver(transport, parts)
  return { target, transport, turns, registry }
}

/** The pipe's limits, with the transport's own default. */
function limitsOver(transport: Transport, { services, options, limits }: PipeParts): PipeLimits {
  const handshakeTimeoutMs = transport.carries === 'bytes' ? transport.handshakeTimeoutMs : undefined
  if (handshakeTimeoutMs === undefined || options.handshakeTimeoutMs !== undefined) return limits
  return services.limits({ ...options, handshakeTimeoutMs })
}

function makeTurns(runnable: Runnable, { services, options, reports }: PipeParts, loop: Loop): Turns {
  const { drive = 'auto' } = options
  return new Turns(services.wheel(loop), drive, {
    runnable,
    driverFailed: (error) => reports.driverFailed(error),
  })
}

function makeRegistry(pipe: Runnable, parts: PipeParts, turns: Turns): ChannelRegistry {
  const { services, handlers, reports, strangers } = parts
  const owner: ChannelRegistryOwner = {
    pipe,
    crypto: services.platform,
    lines: reports.lines,
    topics: () => services.topics,
    accepted: (channel) => handlers.emit('accepted', pipe, channel, undefined),
    closed: (channel, reason) => handlers.emit('close', pipe, channel, reason),
    report: (error, channel) =>
      channel === undefined && strangers !== undefined
        ? strangers.report(error)
        : reports.report(error, channel),
  }
  return new ChannelRegistry(owner, turns, services.pool, { ...parts, accounts: services.accounts })
}
