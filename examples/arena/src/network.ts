/** What lies between the players and the server: a process of its own, as its work is not theirs. Started by `main.ts`. */
import { openNetwork } from './bad-network.ts'
import { runChild, tell } from './report.ts'
import { readSetup } from './setup.ts'

await runChild(async () => {
  const network = await openNetwork(readSetup())
  tell({ kind: 'ready', port: network.port })
  return async () => network.close()
})
