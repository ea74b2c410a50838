/** One TypeScript file as the rules look at it: its tree, its imports, its lines. Reads nothing from disk. */
import { type Comment, parseSync } from 'oxc-parser'

export type Node = { readonly type: string; readonly start: number; readonly end: number } & Readonly<
  Record<string, unknown>
>

export type SourceFile = {
  /** Relative to the root of the workspace, with slashes. */
  readonly path: string
  readonly text: string
  readonly program: Node
  readonly comments: readonly Comment[]
  /** Every module named by an import or export, types and dynamic imports included. */
  readonly specifiers: readonly string[]
}

export function parseSource(path: string, text: string): SourceFile {
  const { program, comments, errors } = parseSync(path, text, { lang: 'ts' })
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]?.message}`)
  const tree = program as unknown as Node
  return { path, text, program: tree, comments, specifiers: specifiersOf(tree) }
}

export function visit(node: Node, see: (node: Node) => void): void {
  see(node)
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) visit(child, see)
  }
}

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value
}

export function lineAt({ text }: SourceFile, offset: number): number {
  let line = 1
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) line++
  return line
}

export function isTest(path: string): boolean {
  return path.endsWith('.test.ts')
}

const NAMES_A_MODULE = new Set([
  'ImportDeclaration',
  'ExportNamedDeclaration',
  'ExportAllDeclaration',
  'ImportExpression',
  'TSImportType',
])

function specifiersOf(program: Node): string[] {
  const found: string[] = []
  visit(program, (node) => {
    const source = NAMES_A_MODULE.has(node.type) ? node.source : undefined
    if (isNode(source) && typeof source.value === 'string') found.push(source.value)
  })
  return found
}
