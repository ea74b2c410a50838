import type { Random } from '@millrace/sim'
import type { FakeNetwork } from './fake-network.ts'
import type { SwarmEncryptionHost } from './swarm-encryption.ts'

/** Cuts and freezes links, now and then. */
export async function disturb({ network, sleep }: SwarmEncryptionHost, random: Random): Promise<void> {
  for (let count = random.integer(0, 6); count > 0; count--) {
    await sleep(random.integer(0, 600))
    const { connections } = network
    if (connections.length === 0) continue
    const connection = random.pick(connections)
    const kind = random.next()
    if (kind < 0.2) connection.cut(random.pick([undefined, new Error('cut')]))
    else if (kind < 0.8) {
      const link = random.pick([connection.opened, connection.accepted])
      link.freeze('on')
      await sleep(random.integer(0, 3000))
      link.freeze('off')
    }
  }
}

/** Lets all links move again. */
export function heal({ connections }: FakeNetwork): void {
  for (const { opened, accepted } of connections) {
    opened.freeze('off')
    accepted.freeze('off')
  }
}
