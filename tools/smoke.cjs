// Runs inside an empty project where the packed packages are installed: `node smoke.cjs`.
'use strict'
const assert = require('node:assert/strict')
const { doors } = require('./smoke-doors.cjs')
const { echo } = require('./smoke-echo.cjs')

async function main() {
  for (const door of doors()) {
    const byRequire = require(door)
    assert.ok(Object.keys(byRequire).length > 0, `${door} exports nothing`)
    const byImport = await import(door)
    for (const name of Object.keys(byRequire)) {
      assert.equal(byImport[name], byRequire[name], `${door}: there are two ${name}`)
    }
  }
  if (doors().includes('millrace')) await echo(require('millrace'))
  console.log(`CommonJS ${process.version}: ${doors().length} doors`)
}

main().catch((error) => {
  console.error(error)
  process.exitCode = 1
})
