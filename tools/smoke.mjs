// Runs inside an empty project where the packed packages are installed: `node smoke.mjs`.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { doors } from './smoke-doors.cjs'
import { echo } from './smoke-echo.cjs'

const require = createRequire(import.meta.url)

for (const door of doors()) {
  const byImport = await import(door)
  const byRequire = require(door)
  const names = Object.keys(byImport)
  assert.ok(names.length > 0, `${door} exports nothing`)
  assert.deepEqual(Object.keys(byRequire).sort(), names.sort(), `${door} exports other names to CommonJS`)
  for (const name of names) assert.equal(byRequire[name], byImport[name], `${door}: there are two ${name}`)
}
if (doors().includes('millrace')) await echo(await import('millrace'))
console.log(`ESM ${process.version}: ${doors().length} doors`)
