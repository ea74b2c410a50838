import { work } from '../worker-side.ts'
import { gamePipe, portOf } from './millrace-messages.ts'
import type { Protection } from './protection.ts'

/** Takes channels, one after another, and reports what each cost this process. */
work<{ size: number; protection: Protection; warmupMs: number; measureMs: number }>(
  async (options, parent) => {
    const pipe = gamePipe('bits', options.size, 0, options.protection)
    let count = 0
    pipe.on('accepted', () => {
      count++
    })
    await pipe.bind()
    await parent.ready({ port: portOf(pipe) })
    await passed(options.warmupMs)
    const countBefore = count
    const cpuBefore = process.cpuUsage()
    await passed(options.measureMs)
    const cpu = process.cpuUsage(cpuBefore)
    const channels = count - countBefore
    const cpuUs = (cpu.user + cpu.system) / channels
    parent.result({
      channelsPerSecond: (channels / options.measureMs) * 1000,
      cpuUs,
      channelsPerCoreSecond: 1e6 / cpuUs,
    })
  },
)

function passed(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
