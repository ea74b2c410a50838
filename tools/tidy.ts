/** Rules of style that no linter knows, file by file. Each rule answers with what it found. */
import { FLOORS, PURE } from './floors.ts'
import { isNode, isTest, lineAt, type Node, type SourceFile, visit } from './source-file.ts'

export const FILE_LINES_MAX = 320
export const FUNCTION_LINES_MAX = 70

/** A length over its limit: `key` is the file, or the file, `#` and the name of the function. */
export type Excess = { readonly key: string; readonly lines: number }

export function longFiles({ path, text }: SourceFile): Excess[] {
  const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0)
  return lines > FILE_LINES_MAX && !isTest(path) ? [{ key: path, lines }] : []
}

/** Not in tests and not in the test kit: a suite is a list of cases, however long. */
export function longFunctions(file: SourceFile): Excess[] {
  if (isTest(file.path) || file.path.startsWith('testkit/')) return []
  const found: Excess[] = []
  visit(file.program, (node) => {
    for (const [name, body] of functionsIn(node)) {
      const lines = lineAt(file, body.end) - lineAt(file, body.start) + 1
      if (lines > FUNCTION_LINES_MAX) found.push({ key: `${file.path}#${name}`, lines })
    }
  })
  return found
}

/**
 * Compares what is too long with what is known to be: a new one, a grown one and one that became
 * shorter are all told, so that the list can only shrink.
 */
export function beyondRatchet(found: readonly Excess[], ratchet: Readonly<Record<string, number>>): string[] {
  const problems: string[] = []
  for (const { key, lines } of found) {
    const known = ratchet[key]
    if (known === undefined) problems.push(`${key} has ${lines} lines`)
    else if (lines > known) problems.push(`${key} grew from ${known} to ${lines} lines`)
    else if (lines < known) problems.push(`${key} shrank to ${lines} lines: lower its ratchet`)
  }
  const gone = Object.keys(ratchet).filter((key) => !found.some((excess) => excess.key === key))
  return [...problems, ...gone.map((key) => `${key} is within the limit now: take it off the ratchet`)]
}

/** Time, randomness and output come into a pure package as arguments. */
export function platformInPure(file: SourceFile): string[] {
  if (isTest(file.path) || !isPureSource(file.path)) return []
  const found: string[] = []
  visit(file.program, (node) => {
    const what = platformUse(node)
    if (what !== undefined) found.push(`${file.path}:${lineAt(file, node.start)} uses ${what}`)
  })
  return found
}

// In two halves, so that a search of the tree for them finds only real ones.
const MARKERS = ['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X', 'HA' + 'CK']
const MARKER = new RegExp(`\\b(${MARKERS.join('|')})\\b`)

export function leftoverMarkers(file: SourceFile): string[] {
  return file.comments
    .filter(({ value }) => MARKER.test(value))
    .map(({ start }) => `${file.path}:${lineAt(file, start)} has a leftover marker`)
}

export function silencedTypes(file: SourceFile): string[] {
  const found: string[] = []
  visit(file.program, (node) => {
    if (node.type !== 'TSAsExpression' && node.type !== 'TSTypeAssertion') return
    if (!isNode(node.typeAnnotation) || node.typeAnnotation.type !== 'TSAnyKeyword') return
    found.push(`${file.path}:${lineAt(file, node.start)} casts to any`)
  })
  for (const { value, start } of file.comments) {
    if (!/@ts-(ignore|nocheck)\b/.test(value)) continue
    found.push(`${file.path}:${lineAt(file, start)} silences the compiler`)
  }
  return found
}

/** A door names what goes through it. */
export function openDoors(file: SourceFile): string[] {
  if (!/^packages\/.*\/index\.ts$/.test(file.path)) return []
  const found: string[] = []
  visit(file.program, (node) => {
    if (node.type === 'ExportAllDeclaration') found.push(`${file.path} exports * instead of names`)
  })
  return found
}

/** Options that can't be handed on as they came: `{ name: given.name }` is refused by exactOptionalPropertyTypes without `undefined`. */
export function closedOptions(file: SourceFile): string[] {
  if (!/^packages\/[^/]+\/src\//.test(file.path)) return []
  const found: string[] = []
  visit(file.program, (node) => {
    if (node.type !== 'TSInterfaceDeclaration' || !nameOf(node.id).endsWith('Options')) return
    const members = (node.body as Node).body as readonly Node[]
    for (const { type, optional, key, typeAnnotation } of members) {
      if (type !== 'TSPropertySignature' || optional !== true || !isNode(typeAnnotation)) continue
      const written = file.text.slice(typeAnnotation.start, typeAnnotation.end)
      if (/\b(undefined|unknown)$/.test(written)) continue
      found.push(`${file.path}: ${nameOf(node.id)}.${nameOf(key)} does not take undefined`)
    }
  })
  return found
}

function* functionsIn(node: Node): Iterable<[name: string, body: Node]> {
  if (node.type === 'FunctionDeclaration') yield [nameOf(node.id), node]
  for (const part of [node.value, node.init, node.right]) {
    if (!isNode(part) || !isFunction(part)) continue
    yield [nameOf(node.key ?? node.id ?? node.left), part]
  }
  for (const argument of Array.isArray(node.arguments) ? node.arguments : []) {
    if (isNode(argument) && isFunction(argument)) yield ['(argument)', argument]
  }
}

function isFunction({ type }: Node): boolean {
  return type === 'FunctionExpression' || type === 'ArrowFunctionExpression'
}

function nameOf(node: unknown): string {
  if (!isNode(node)) return '(unnamed)'
  if (typeof node.name === 'string') return node.type === 'PrivateIdentifier' ? `#${node.name}` : node.name
  return isNode(node.property) ? nameOf(node.property) : '(computed)'
}

const PURE_FOLDERS = Object.keys(FLOORS)
  .filter((name) => PURE.has(name))
  .map((name) => (name === 'bitsery-ts' ? 'packages/bitsery/src/' : `packages/${name.slice(10)}/src/`))

function isPureSource(path: string): boolean {
  return PURE_FOLDERS.some((folder) => path.startsWith(folder))
}

function platformUse(node: Node): string | undefined {
  if (node.type === 'NewExpression') {
    const hasNoArguments = Array.isArray(node.arguments) && node.arguments.length === 0
    return hasNoArguments && nameOf(node.callee) === 'Date' ? 'new Date()' : undefined
  }
  if (node.type !== 'MemberExpression' || !isNode(node.object) || node.object.type !== 'Identifier')
    return undefined
  const object = nameOf(node.object)
  const use = `${object}.${nameOf(node.property)}`
  if (object === 'console' || object === 'globalThis' || object === 'process') return use
  return use === 'Date.now' || use === 'Math.random' ? use : undefined
}
