import { randomBytes } from 'node:crypto'
import { transportSuite } from '@millrace/testkit'
import { nodeLoop } from '@millrace/transports/node-platform'
import { tcp } from '@millrace/transports/tcp'
import { netem } from './netem.ts'

const services = { loop: nodeLoop, random: (size: number) => randomBytes(size) }

// Both ends are bad, and the suite sends 32 MiB: losses would make a minute of that. They have tests of their own.
transportSuite(
  'tcp that is made bad',
  () => netem(tcp(), { delayMs: [0, 2], duplication: 0.01 }),
  () => ({ host: '127.0.0.1', port: 0 }),
  services,
)
