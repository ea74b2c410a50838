/**
 * Lets the bench run on the sources of the workspace rather than on what was built, to measure a change without
 * building: `node --import ./bench/src/from-source.ts bench/src/main.ts`. Workers inherit it.
 */
import { existsSync } from 'node:fs'
import { registerHooks } from 'node:module'

registerHooks({
  resolve(specifier, context, next) {
    const source = sourceOf(specifier)
    return source === null ? next(specifier, context) : { url: source, shortCircuit: true }
  },
})

function sourceOf(specifier: string): string | null {
  const match = /^(?:@millrace\/([\w-]+)|(millrace)|(bitsery)-ts)(?:\/([\w/-]+))?$/.exec(specifier)
  if (match === null) return null
  const folder = new URL(`../../packages/${match[1] ?? match[2] ?? match[3]}/src/`, import.meta.url)
  const door = match[4] ?? 'index'
  for (const file of [`${door}.ts`, `${door}/index.ts`]) {
    const url = new URL(file, folder)
    if (existsSync(url)) return url.href
  }
  return null
}
