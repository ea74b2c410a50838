import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { transportSuite } from '@millrace/testkit'
import { afterAll } from 'vitest'
import { ipc } from './ipc.ts'
import { nodeLoop } from './node-platform.ts'
import { tcp } from './tcp.ts'
import { udp } from './udp.ts'

const isWindows = process.platform === 'win32'
const folder = isWindows
  ? String.raw`\\.\pipe\millrace-suite-${process.pid}`
  : mkdtempSync(join(tmpdir(), 'mill-'))
let count = 0

afterAll(() => {
  if (!isWindows) rmSync(folder, { recursive: true, force: true })
})

const services = { loop: nodeLoop, random: (size: number) => randomBytes(size) }

transportSuite('tcp', tcp, () => ({ host: '127.0.0.1', port: 0 }), services)
transportSuite('udp', udp, () => ({ host: '127.0.0.1', port: 0 }), services)
transportSuite(
  'ipc',
  ipc,
  () => ({ path: isWindows ? `${folder}-${++count}` : join(folder, `${++count}.sock`) }),
  services,
)
