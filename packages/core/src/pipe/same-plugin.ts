import type { Protocol } from '../ports/protocol.ts'
import type { TransportPlugin } from '../ports/transport.ts'

type Plugin = Protocol | TransportPlugin

/** Whether two plug-ins are the same: one object, or equal by all that they say of themselves. */
export function isSame(one: Plugin, other: Plugin): boolean {
  return one === other || (one.identity?.() !== undefined && pluginText(one) === pluginText(other))
}

/** What a plug-in says of itself. */
export function pluginText(plugin: Plugin): string {
  const label = plugin.kind === 'protocol' ? `'${plugin.label}'` : 'transport'
  return `${label} (${plugin.identity?.() ?? 'that object alone'})`
}
