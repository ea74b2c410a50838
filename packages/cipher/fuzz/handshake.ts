import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Primitives } from '../src/base/primitives.ts'
import { asked, report } from './campaign.ts'
import { runHandshakes } from './handshake-run.ts'

// node fuzz/handshake.ts --runs 1000000 --seed 7: reads mutated handshake messages; exits with an error at the first broken promise.
// --primitives ../cipher-node/dist/index.js#nodePrimitives: by other primitives, of a module's file and of a name that it exports.
const given = asked({ primitives: { type: 'string', default: 'src/noble/noble.ts#noblePrimitives' } })
const primitives = await primitivesOf(String(given.values.primitives))
// Nearly each step is refused, and asks three times more: the stacks would take a fifth of the time. A finding names its seed and run.
Error.stackTraceLimit = 0
report(`handshakes by ${primitives.name}`, (runs, seed) => runHandshakes(runs, seed, primitives), given)

async function primitivesOf(place: string): Promise<Primitives> {
  const [file = '', name = ''] = place.split('#')
  const exported = await import(pathToFileURL(resolve(file)).href)
  if (exported[name]?.aead === undefined)
    throw new Error(`--primitives ${place}: must be a file and the name of primitives that it exports`)
  return exported[name]
}
