/**
 * Which types stand in the declarations of a package's names and are no names of its doors: a program that knows this package
 * alone could not write them. Reads declarations as the build made them.
 */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isNode, type Node, parseSource, type SourceFile, visit } from './source-file.ts'

/** A declaration: the file it stands in, and its name there. */
type Origin = { readonly file: string; readonly name: string }

/** Finds the declaration file that a specifier means, seen from another; `undefined` for one that is none of ours. */
export type Resolve = (specifier: string, from: string) => string | undefined

const files = new Map<string, SourceFile>()

/** The names that the doors of a package lack, each with the name that has it in its declaration. */
export function unexportedNames(doors: readonly string[], resolve: Resolve): string[] {
  const exported = new Map<string, { readonly name: string; readonly origin: Origin }>()
  for (const file of doors) {
    for (const name of namesOf(parsed(file))) {
      const origin = originOf({ file, name }, resolve)
      if (origin !== undefined) exported.set(keyOf(origin), { name, origin })
    }
  }
  const found: string[] = []
  for (const { name, origin } of exported.values()) {
    for (const missing of missingIn(origin, exported, resolve)) found.push(`${name} shows ${missing}`)
  }
  return found.sort()
}

function missingIn(origin: Origin, exported: ReadonlyMap<string, unknown>, resolve: Resolve): string[] {
  const missing: string[] = []
  const seen = new Set<string>()
  const waiting = [origin]
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    const file = parsed(at.file)
    for (const node of declarationsOf(file, at.name)) {
      for (const name of typesIn(node, file)) {
        const used = originOf({ file: at.file, name }, resolve)
        if (used === undefined || exported.has(keyOf(used)) || seen.has(keyOf(used))) continue
        seen.add(keyOf(used))
        // The compiler writes out what an alias of one file means: its own types count instead.
        if (isPrivateAlias(used)) waiting.push(used)
        else missing.push(used.name)
      }
    }
  }
  return missing
}

/** Where a name of a file is declared; `undefined` for names of the language, and of packages that are not ours. */
function originOf({ file, name }: Origin, resolve: Resolve): Origin | undefined {
  const source = parsed(file)
  if (declarationsOf(source, name).length > 0) return { file, name }
  for (const { specifier, imported, local } of bindingsOf(source)) {
    if (local !== name) continue
    const next = specifier === undefined ? file : resolve(specifier, file)
    if (next === undefined) return undefined
    return next === file && imported === name ? undefined : originOf({ file: next, name: imported }, resolve)
  }
  for (const specifier of starsOf(source)) {
    const next = resolve(specifier, file)
    const found = next === undefined ? undefined : originOf({ file: next, name }, resolve)
    if (found !== undefined) return found
  }
  return undefined
}

function isPrivateAlias({ file, name }: Origin): boolean {
  return statementsOf(parsed(file)).some(
    (node) => node.type === 'TSTypeAliasDeclaration' && textOf(node.id) === name,
  )
}

/** The names that a door exports by `export { … } from`, and through `export *` what those files export. */
function namesOf(door: SourceFile): string[] {
  const names = bindingsOf(door).map(({ local }) => local)
  for (const node of statementsOf(door, 'exported')) {
    const declaration = node.declaration
    if (isNode(declaration)) names.push(...declaredNames(declaration))
  }
  return names
}

type Binding = { readonly specifier: string | undefined; readonly imported: string; readonly local: string }

function bindingsOf(file: SourceFile): Binding[] {
  return statementsOf(file, 'all').flatMap((node) => {
    if (node.type !== 'ImportDeclaration' && node.type !== 'ExportNamedDeclaration') return []
    const specifier = isNode(node.source) ? String(node.source.value) : undefined
    const isImport = node.type === 'ImportDeclaration'
    return (node.specifiers as readonly Node[]).map((one) => ({
      specifier,
      imported: textOf(isImport ? (one.imported ?? one.local) : one.local),
      local: textOf(isImport ? one.local : one.exported),
    }))
  })
}

function starsOf(file: SourceFile): string[] {
  const stars = statementsOf(file, 'all').filter(({ type }) => type === 'ExportAllDeclaration')
  return stars.map(({ source }) => String((source as Node).value))
}

/** The declarations of a file; `exported`: the statements that export one; `all`: all statements as they stand. */
function statementsOf(file: SourceFile, which: 'declared' | 'exported' | 'all' = 'declared'): Node[] {
  const all = file.program.body as readonly Node[]
  if (which === 'all') return [...all]
  const exported = all.filter((node) => node.type === 'ExportNamedDeclaration' && isNode(node.declaration))
  if (which === 'exported') return exported
  return all.map((node) => (exported.includes(node) ? (node.declaration as Node) : node))
}

function declarationsOf(file: SourceFile, name: string): Node[] {
  return statementsOf(file).filter((node) => declaredNames(node).includes(name))
}

function declaredNames(node: Node): string[] {
  if (node.type === 'VariableDeclaration')
    return (node.declarations as readonly Node[]).map(({ id }) => textOf(id))
  return isNode(node.id) ? [textOf(node.id)] : []
}

/** The types that stand in a declaration, but for its own type parameters and what is no business of its users. */
function typesIn(node: Node, file: SourceFile): string[] {
  const found: string[] = []
  const own = new Set<string>()
  const see = (at: Node): void => {
    if (at.type === 'TSTypeParameter') own.add(textOf(at.name))
    if (at.type === 'TSMappedType') own.add(textOf(at.key))
    const name = nameIn(at)
    if (name !== undefined) found.push(name)
  }
  const members =
    isNode(node.body) && Array.isArray(node.body.body) ? (node.body.body as readonly Node[]) : []
  const hidden = members.filter((member) => isHidden(member, file))
  visit(node, (at) => {
    if (!hidden.some(({ start, end }) => at.start >= start && at.end <= end)) see(at)
  })
  return found.filter((name) => !own.has(name))
}

function nameIn({ type, typeName, expression }: Node): string | undefined {
  if (type === 'TSTypeReference') return textOf(typeName)
  return type === 'TSInterfaceHeritage' || type === 'TSClassImplements' ? textOf(expression) : undefined
}

function isHidden(member: Node, { text, comments }: SourceFile): boolean {
  if (member.accessibility === 'private' || (isNode(member.key) && member.key.type === 'PrivateIdentifier'))
    return true
  const above = comments.filter(
    ({ end }) => end <= member.start && text.slice(end, member.start).trim() === '',
  )
  return above.some(({ value }) => value.includes('@internal'))
}

function textOf(node: unknown): string {
  if (!isNode(node)) return typeof node === 'string' ? node : ''
  return String(node.name ?? node.value ?? (isNode(node.left) ? textOf(node.left) : ''))
}

function keyOf({ file, name }: Origin): string {
  return `${file}#${name}`
}

function parsed(path: string): SourceFile {
  const known = files.get(path) ?? parseSource(path, readFileSync(path, 'utf8'))
  files.set(path, known)
  return known
}

/** Resolves among built packages: `doors` are the declaration files of their specifiers. */
export function resolveIn(doors: ReadonlyMap<string, string>): Resolve {
  return (specifier, from) => {
    if (!specifier.startsWith('.')) return doors.get(specifier)
    const path = join(dirname(from), specifier.replace(/\.js$/, '.d.ts'))
    return existsSync(path) ? path : undefined
  }
}
