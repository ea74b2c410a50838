import { changesBits } from './hazard.ts'
import type { SwarmPlan } from './plan.ts'

/**
 * Removes from a plan that fails what it fails without: hazards one by one, then players, the load and the encryption, as long as `fails` says that it still does.
 */
export async function shrink(
  plan: SwarmPlan,
  fails: (plan: SwarmPlan) => Promise<boolean>,
): Promise<SwarmPlan> {
  let least = plan
  for (let index = least.hazards.length - 1; index >= 0; index--) {
    const hazards = least.hazards.filter((_, other) => other !== index)
    if (await fails({ ...least, hazards })) least = { ...least, hazards }
  }
  const isOfFirst = (host: number | 'server') => host === 'server' || host === 0
  const isAlone = least.hazards.every((hazard) =>
    'player' in hazard ? hazard.player === 0 : 'host' in hazard ? isOfFirst(hazard.host) : true,
  )
  // Without encryption, datagrams with changed bits are taken for what they say.
  const isChanged = least.hazards.some(changesBits)
  const simpler: Partial<SwarmPlan>[] = [
    ...(isAlone && least.players > 1 ? [{ players: 1 }] : []),
    ...(least.load === 'heavy' ? [{ load: 'light' } as const] : []),
    ...(least.encryption === 'none' || isChanged ? [] : [{ encryption: 'none' } as const]),
  ]
  for (const change of simpler) if (await fails({ ...least, ...change })) least = { ...least, ...change }
  return least
}
