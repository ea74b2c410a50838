/** Turns the declarations that tsc writes into the ones we publish. Text in, text out. */
import { posix } from 'node:path'

// tsc keeps the './x.ts' of the sources; what a consumer finds beside the declaration is './x.js' or './x.cjs'.
const RELATIVE = /(\bfrom\s*|\bimport\s*\(?\s*|\bdeclare module\s*)(['"])(\.{1,2}\/[^'"\n]+)\2/g

export function moduleDeclaration(text: string): string {
  return text.replace(RELATIVE, (_all, before, quote, path) => before + quote + ending(path, '.js') + quote)
}

export function commonJsDeclaration(text: string): string {
  return text.replace(RELATIVE, (_all, before, quote, path) => before + quote + ending(path, '.cjs') + quote)
}

/** Relative specifiers of a declaration that leave `dist`: a type of another package, inlined by path. */
export function escapes(file: string, text: string): string[] {
  return [...text.matchAll(RELATIVE)]
    .map((match) => match[3] ?? '')
    .filter((specifier) => posix.join(posix.dirname(file), specifier).startsWith('..'))
}

function ending(path: string, extension: '.js' | '.cjs'): string {
  return path.replace(/\.(ts|js)$/, extension)
}
