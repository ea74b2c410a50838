'use strict'
const { readFileSync } = require('node:fs')
const { join } = require('node:path')

/** What can be imported of the packages that the project beside this file depends on. */
exports.doors = function doors() {
  const { dependencies } = manifestIn(__dirname)
  return Object.keys(dependencies).flatMap((name) => {
    const subpaths = Object.keys(manifestIn(join(__dirname, 'node_modules', name)).exports)
    return subpaths.filter((path) => path !== './package.json').map((path) => name + path.slice(1))
  })
}

function manifestIn(folder) {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
}
