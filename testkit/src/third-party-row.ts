import {
  answering,
  type FaultKind,
  failing,
  isFault,
  type QuietKind,
  Scene,
  type SceneOptions,
} from './third-party.ts'

/** One thing that a third party lends, and how it is made to fail. */
export interface ThirdPartyRow {
  readonly name: string
  readonly kinds: readonly (FaultKind | QuietKind)[]
  readonly where: readonly ('link' | 'local')[]
  /** Before anything is open. */
  readonly setUp?: (fail: () => never) => SceneOptions
  /** Lets it fail. */
  play(scene: Scene, fail: () => never): unknown
  /** `once`: to `error`, exactly once; `warned`: to the platform, exactly once; `somewhere`: to `error`, in a close reason, or to a caller; `never`: the fault says nothing by itself. */
  readonly told: 'once' | 'warned' | 'somewhere' | 'never'
  /** What becomes of the channel that it happened to. */
  readonly victim: 'lives' | 'ends' | 'either'
}

/** Plays a row, and says what of the promises was broken; nothing if none was. */
export async function playRow(
  row: ThirdPartyRow,
  kind: FaultKind | QuietKind,
  where: 'link' | 'local',
): Promise<string[]> {
  const broken: string[] = []
  const unwatch = watchRejections(broken)
  const fail = isFault(kind) ? failing(kind) : answering(kind)
  const step = async (what: string, run: () => unknown): Promise<void> => {
    try {
      await run()
    } catch (error) {
      broken.push(`${what}: ${error instanceof Error ? error.message : error}`)
    }
  }
  const scene = new Scene(where, row.setUp?.(fail) ?? {})
  await step('set up', () => scene.open())
  if (broken.length === 0) {
    await step('escaped', () => row.play(scene, fail))
    await step('escaped later', () => scene.pass())
    await judge(scene, row, kind, { broken, step })
  }
  await step('left behind', () => scene.rig.end())
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve))
  unwatch()
  return broken
}

interface Verdict {
  readonly broken: string[]
  step(what: string, run: () => unknown): Promise<void>
}

/** Says what became of all of them. */
async function judge(
  scene: Scene,
  row: ThirdPartyRow,
  kind: FaultKind | QuietKind,
  { broken, step }: Verdict,
): Promise<void> {
  const { errors, warnings, elsewhere } = scene.told
  // What is never read is no fault: only a promise, or something like one, has to be watched.
  const isQuiet = kind === 'getter' && errors + warnings === 0
  if (row.told === 'once' && errors !== 1 && !isQuiet) broken.push(`told ${errors} times`)
  if (row.told === 'warned' && (errors > 0 || warnings !== 1) && !isQuiet)
    broken.push(`told ${errors} times, warned ${warnings} times`)
  if (row.told === 'somewhere' && errors === 0 && !elsewhere && !isQuiet) broken.push('told nowhere')
  scene.armed = undefined
  await step('hangs', () => scene.rig.until(Promise.all(scene.promises), 30_000))
  await step('the channel beside it', () => answers(scene, scene.bystander))
  if (row.victim === 'lives') await step('its channel', () => answers(scene, scene.victim))
  if (row.victim === 'ends') await step('its channel', () => ended(scene))
}

/** Both sides of a channel answer each other. */
async function answers({ rig }: Scene, { opened, accepted }: Scene['victim']): Promise<void> {
  const all = await rig.until(Promise.all([opened.request('echo', 1), accepted.request('echo', 2)]), 5000)
  if (all.join() !== '1,2') throw new Error(`it answers ${all.join()}`)
}

async function ended({ rig, victim }: Scene): Promise<void> {
  await rig.until(Promise.all([victim.opened.closed, victim.accepted.closed]), 30_000)
}

/** Collects unhandled rejections, in place of the listeners that end the process for them. */
function watchRejections(found: string[]): () => void {
  const event = 'unhandledRejection'
  const others = process.listeners(event)
  const listener = (reason: unknown): void => void found.push(`unhandled: ${reason}`)
  process.removeAllListeners(event)
  process.on(event, listener)
  return () => {
    process.off(event, listener)
    for (const other of others) process.on(event, other)
  }
}
