import { type Congestion, KernelPath } from '../kernel-path.ts'
import { LossyPath } from '../lossy-path.ts'
import type { PathConditions } from '../path-model.ts'
import { NotRun } from '../scenario.ts'
import type { Facts, Program } from '../worker.ts'

/** What carries the packets of a row: networks of the kernel, or a proxy for datagrams where the machine has none. */
export type NetPath = {
  /** The address at which the listener binds, and the dialer finds it. */
  readonly host: string
  readonly listener: (program: Program) => Program
  readonly dialer: (program: Program) => Program
  readonly between: (facts: Facts) => Promise<Facts>
}

/** Which of the two it is here, and why; and what the kernel's tcp does by itself. */
export type NetKind =
  | { readonly kind: 'kernel'; readonly standard: string }
  | { readonly kind: 'proxy'; readonly why: string }

let known: Promise<NetKind> | undefined

/** Found out once. */
export function netKind(): Promise<NetKind> {
  known ??= find()
  return known
}

/** Runs something over a path, which is closed in any case. Throws `NotRun` where it needs the kernel, as tcp does, and the machine has no network for it. */
export async function overPath<T>(
  conditions: PathConditions,
  needs: { readonly kernel: boolean; readonly congestion?: Congestion | undefined },
  run: (path: NetPath) => Promise<T>,
): Promise<T> {
  const network = await netKind()
  if (network.kind === 'kernel') return await overKernel(conditions, needs.congestion, run)
  if (needs.kernel) throw new NotRun(`a proxy of a program can't lose packets of tcp, and ${network.why}`)
  return await overProxy(conditions, run)
}

async function find(): Promise<NetKind> {
  const conditions = { seed: 1, loss: 0, delayMs: 0, bytesPerMs: 1, queueBytes: 1, packetSizeMax: 1472 }
  try {
    const path = await KernelPath.open(conditions)
    await path.close()
    return { kind: 'kernel', standard: path.standard }
  } catch (error) {
    if (!(error instanceof NotRun)) throw error
    return { kind: 'proxy', why: error.message }
  }
}

async function overKernel<T>(
  conditions: PathConditions,
  congestion: Congestion | undefined,
  run: (path: NetPath) => Promise<T>,
): Promise<T> {
  const path = await KernelPath.open(conditions, congestion)
  try {
    return await run({
      host: path.farHost,
      listener: (program) => path.far(program),
      dialer: (program) => path.near(program),
      between: (facts) => Promise.resolve(facts),
    })
  } finally {
    await path.close()
  }
}

async function overProxy<T>(conditions: PathConditions, run: (path: NetPath) => Promise<T>): Promise<T> {
  const proxies: LossyPath[] = []
  try {
    return await run({
      host: '127.0.0.1',
      listener: (program) => program,
      dialer: (program) => program,
      between: async ({ port }) => {
        const proxy = await LossyPath.open(Number(port), conditions)
        proxies.push(proxy)
        return { port: proxy.port }
      },
    })
  } finally {
    for (const proxy of proxies) proxy.close()
  }
}
