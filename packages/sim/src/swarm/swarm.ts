import { SimError } from '../base/sim-error.ts'
import { describeHazard } from './hazard.ts'
import { drawPlan, type PlanOptions, type SwarmPlan } from './plan.ts'
import { shrink } from './shrink.ts'
import { runPlan, type SwarmProgramMaker, type SwarmReport } from './swarm-run.ts'

/** How the swarm runs. What of a plan is said here is not drawn. */
export interface SwarmOptions extends PlanOptions {
  /** The program of your own that is tested in place of Millrace's channels. */
  readonly program?: SwarmProgramMaker | undefined
}

/**
 * Runs a program on a network on which everything goes wrong that can, drawn from a seed: a safety phase in which nothing false may happen, and a healing phase,
 * at the end of which all must be well again. Rejects with `swarm-failed` when something is wrong, and says then how little of it is enough for that.
 */
export async function swarm(seed: number, options: SwarmOptions = {}): Promise<SwarmReport> {
  if (!Number.isSafeInteger(seed))
    throw new SimError('argument-invalid', `a seed is a whole number; got ${String(seed)}`)
  const { program, ...said } = options
  const report = await runPlan(drawPlan(seed, said), program)
  if (report.faults.length === 0) return report
  const fails = async (plan: SwarmPlan) => (await runPlan(plan, program)).faults.length > 0
  const least = await shrink(report.plan, fails)
  throw new SimError('swarm-failed', failureText(report, await runPlan(least, program)))
}

function failureText({ plan, faults }: SwarmReport, least: SwarmReport): string {
  const { seed, hazards, ...rest } = least.plan
  const kept = hazards.map((hazard) => plan.hazards.indexOf(hazard))
  return [
    `seed ${seed}: ${faults.join('\n  ')}`,
    `It is enough: ${JSON.stringify(rest)}`,
    ...hazards.map((hazard) => `  ${describeHazard(hazard)}`),
    `Then: ${least.faults.join('\n  ')}`,
    `Again: npm run sim -- --seed ${seed} --hazards ${kept.join(',') || 'none'}`,
  ].join('\n')
}
