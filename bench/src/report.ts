import { mkdir, writeFile } from 'node:fs/promises'
import { cpus, release, totalmem } from 'node:os'
import { dirname, join } from 'node:path'
import { drawChart } from './chart.ts'
import type { CaseResult, Effort } from './scenario.ts'

/** The machine and the moment, without which figures mean nothing. */
export type MachineFacts = {
  readonly date: string
  readonly node: string
  readonly v8: string
  readonly platform: string
  readonly kernel: string
  readonly cpu: string
  readonly cpuCount: number
  readonly memoryBytes: number
}

/** Reads the facts of this machine and this Node. */
export function machineFacts(): MachineFacts {
  const processors = cpus()
  return {
    date: new Date().toISOString(),
    node: process.version,
    v8: process.versions.v8,
    platform: `${process.platform} ${process.arch}`,
    kernel: release(),
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cpuCount: processors.length,
    memoryBytes: totalmem(),
  }
}

/** What a JSON file of the bench holds. */
export type Report = {
  readonly machine: MachineFacts
  readonly effort: Effort
  readonly results: readonly CaseResult[]
}

/** Writes one JSON file a scenario and one SVG chart a case below `folder`. Returns the paths it wrote. */
export async function writeReport(folder: string, report: Report): Promise<string[]> {
  await mkdir(folder, { recursive: true })
  const paths: string[] = []
  for (const scenario of new Set(report.results.map((result) => result.scenario))) {
    const results = report.results.filter((result) => result.scenario === scenario)
    const path = join(folder, `${scenario}.json`)
    await writeJson(path, { ...report, results })
    paths.push(path)
    for (const result of results) {
      const chartPath = join(folder, `${scenario}-${result.case.name}.svg`)
      await writeFile(chartPath, drawChart(result))
      paths.push(chartPath)
    }
  }
  return paths
}

/** Writes the whole report to one file of the user's choice. */
export async function writeJson(path: string, report: Report): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, `${JSON.stringify(report, null, 2)}\n`)
}
