import { type BundleEntry, bundleSize } from '../bundle.ts'
import { importTimeUs } from '../import-time.ts'
import type { Case, Effort, OwnRows, Row, Scenario } from '../scenario.ts'
import { runAlone } from '../worker.ts'

/** What a program pays before the first message. */
export const footprint: Scenario = {
  name: 'footprint',
  title: 'heap of a fresh pipe, time of an import, size of a bundle',
  cases: async (effort, ownRows) => [
    await freshCase(effort.freshPipeCount, ownRows),
    await importCase(effort.importCount, ownRows),
    await bundleCase(ownRows),
  ],
}

type Named = Pick<Row, 'name' | 'kind'> & { readonly note: string }

/** A row with a worker that makes `count` of something and reports what `memoryPerConnection` says. */
export function freshRow(named: Named & { readonly file: string }): Row {
  const { file, ...row } = named
  const measure = async ({ freshPipeCount: count }: Effort) =>
    await runAlone({ kind: 'node', file, nodeArgs: ['--expose-gc'] }, { count }, 30_000)
  return { ...row, measure }
}

/** A row for what a package or a module of Node takes to import. */
export function importRow(named: Named & { readonly specifier: string }): Row {
  const { specifier, ...row } = named
  const measure = async ({ importCount }: Effort) => ({
    importUs: await importTimeUs(specifier, importCount),
  })
  return { ...row, measure }
}

/** A row for the size of a bundle. */
export function bundleRow(named: Named & { readonly entry: BundleEntry }): Row {
  const { entry, ...row } = named
  return { ...row, measure: async () => ({ ...(await bundleSize(entry)) }) }
}

async function freshCase(count: number, ownRows: OwnRows): Promise<Case> {
  return {
    name: 'fresh',
    title: `Memory of each of ${count} servers that are made and not bound`,
    note: 'After garbage collection: the V8 heap, and external memory. The modules and the first server are there before.',
    metrics: [
      { key: 'heapBytes', title: 'heap', unit: 'bytes', better: 'less', compare: 'ratio' },
      { key: 'externalBytes', title: 'external', unit: 'bytes', better: 'less', compare: 'nothing' },
    ],
    chart: 'heapBytes',
    rows: [
      freshRow({
        name: 'net',
        kind: 'reference',
        file: 'net-fresh.ts',
        note: 'net.createServer with a listener',
      }),
      freshRow({ name: 'ws', kind: 'peer', file: 'ws-fresh.ts', note: 'a WebSocketServer without a server' }),
      ...(await ownRows({ case: 'fresh' })),
    ],
    goals: [],
  }
}

async function importCase(count: number, ownRows: OwnRows): Promise<Case> {
  return {
    name: 'import',
    title: 'Time that an import adds to a process',
    note: `From the start of a process to its end, minus an empty one that ran right before: the median of ${count} pairs in each round.`,
    metrics: [{ key: 'importUs', title: 'import', unit: 'µs', better: 'less', compare: 'ratio' }],
    chart: 'importUs',
    rows: [
      importRow({ name: 'ws', kind: 'reference', specifier: 'ws', note: "import 'ws'" }),
      ...(await ownRows({ case: 'import' })),
    ],
    goals: [],
  }
}

async function bundleCase(ownRows: OwnRows): Promise<Case> {
  return {
    name: 'bundle',
    title: "What a browser loads for a game's client",
    note: 'Bundled and minified by esbuild, gzipped at level 9. No transport is in it: a browser has its own.',
    metrics: [
      { key: 'gzippedBytes', title: 'gzipped', unit: 'bytes', better: 'less', compare: 'ratio' },
      { key: 'minifiedBytes', title: 'minified', unit: 'bytes', better: 'less', compare: 'nothing' },
    ],
    chart: 'gzippedBytes',
    rows: [
      bundleRow({
        name: 'msgpackr',
        kind: 'reference',
        entry: { source: "export { pack, unpack } from 'msgpackr'" },
        note: 'objects to bytes and back, nothing else',
      }),
      ...(await ownRows({ case: 'bundle' })),
    ],
    goals: [],
  }
}
