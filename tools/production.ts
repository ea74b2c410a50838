/**
 * What a build for production leaves out: the texts of errors that say how the program itself was wrong, what alone goes into
 * them, and the methods by which tests look into machines. Codes, classes and throws stay. Reads nothing from disk.
 *
 * It begins at the texts in `new MillraceError('argument-invalid', text)` and goes backwards: to the constants that nothing else uses, to the
 * parameters that functions use for nothing else, and to what is given for those where they are called.
 */
import { dirname, join } from 'node:path'
import { isNode, lineAt, type Node, parseSource, type SourceFile, visit } from './source-file.ts'

/** Codes of what only the program's own code can have done; at run time nothing new is learned from their texts. */
const mistakes: readonly string[] = [
  'address-invalid',
  'already-open',
  'argument-invalid',
  'key-unknown',
  'name-taken',
  'not-bound',
  'proto-mismatch',
  'protocol-unknown',
  'transport-unknown',
  'unsupported',
]

/** The arguments of an error that are texts for those who write the program. */
function textsOf(error: string, given: readonly Node[]): readonly Node[] {
  switch (error) {
    case 'MillraceError':
      return mistakes.includes(String(given[0]?.value)) ? given.slice(1, 2) : []
    case 'BufferError':
    case 'TimerError':
      return given.slice(1, 2)
    case 'BitseryError':
      // Those with a code tell of values and bytes, not of schemas.
      return given.length === 3 ? given.slice(1, 3) : []
    default:
      return []
  }
}

/** Methods for tests alone. */
const forTests: readonly string[] = ['invariants']

/** What a text must not do, as it isn't made: whatever changes something. */
const changes: readonly string[] = [
  'AssignmentExpression',
  'AwaitExpression',
  'UpdateExpression',
  'YieldExpression',
]

type Range = { readonly start: number; readonly end: number; readonly becomes: "''" | '' }

/** A function that can be called by a name: `refuse`, `#refuse`. */
type Callee = { readonly name: string; readonly node: Node; readonly parameters: readonly Node[] }

/** What other files say of functions: their names as they are exported, with the places of parameters that only go into texts. */
export type TextParameters = Map<string, ReadonlySet<number>>

/** The sources of a package without what production needs none of. They have the lines that they had. */
export function productionSources(sources: ReadonlyMap<string, string>): Map<string, string> {
  const files = [...sources].map(([path, text]) => new ShortenedFile(parseSource(path, text)))
  const exported: TextParameters = new Map()
  // What one file learns of its functions, those learn that import it.
  while (files.filter((file) => file.learn(exported)).length > 0) {}
  return new Map(files.map((file) => [file.path, file.text()]))
}

class ShortenedFile {
  readonly path: string
  readonly #file: SourceFile
  readonly #ranges: Range[] = []
  /** The names in them. */
  readonly #namesInTexts = new Set<string>()
  readonly #callees: readonly Callee[]
  /** Parameters that only go into texts, by the name of their function. */
  readonly #known = new Map<string, Set<number>>()
  /** By the name here, where an imported function is declared: `./check.ts#refuse`. */
  readonly #imports: ReadonlyMap<string, string>

  constructor(file: SourceFile) {
    this.#file = file
    this.path = file.path
    this.#callees = calleesOf(file.program)
    this.#imports = importsOf(file)
    visit(file.program, (node) => {
      if (node.type === 'NewExpression')
        for (const text of textsOf(nameOf(node.callee), nodesIn(node.arguments))) this.#drop(text, "''")
      if (node.type === 'MethodDefinition' && forTests.includes(nameOf(node.key))) this.#drop(node, '')
    })
  }

  /** Whether something new is known of this file. */
  learn(exported: TextParameters): boolean {
    const before = this.#learned
    for (const callee of this.#callees) this.#learnParameters(callee, exported)
    visit(this.#file.program, (node) => {
      if (node.type === 'CallExpression') this.#dropArguments(node, exported)
      if (node.type === 'BlockStatement') this.#dropConstants(node)
    })
    return this.#learned > before
  }

  get #learned(): number {
    return this.#ranges.length + [...this.#known.values()].reduce((sum, places) => sum + places.size, 0)
  }

  text(): string {
    const { text } = this.#file
    let shortened = ''
    let at = 0
    for (const { start, end, becomes } of this.#ranges.toSorted((one, other) => one.start - other.start)) {
      if (start < at) continue
      shortened += text.slice(at, start) + becomes + text.slice(start, end).replace(/[^\n]/g, '')
      at = end
    }
    return shortened + text.slice(at)
  }

  #learnParameters({ name, node, parameters }: Callee, exported: TextParameters): void {
    for (const [place, parameter] of parameters.entries()) {
      if (!this.#onlyInTexts(nameOf(parameter), node, parameter)) continue
      const known = this.#known.get(name) ?? new Set()
      this.#known.set(name, known.add(place))
      exported.set(`${this.path}#${name}`, known)
    }
  }

  #dropArguments(call: Node, exported: TextParameters): void {
    const name = nameOf(call.callee)
    const places = this.#known.get(name) ?? exported.get(this.#imports.get(name) ?? '')
    for (const [place, given] of nodesIn(call.arguments).entries()) {
      if (places?.has(place) && given.type !== 'SpreadElement') this.#drop(given, "''")
    }
  }

  /** Drops the constants of a block that are there for texts alone. */
  #dropConstants(block: Node): void {
    for (const statement of nodesIn(block.body)) {
      if (statement.type !== 'VariableDeclaration') continue
      const [constant, ...more] = nodesIn(statement.declarations)
      if (more.length > 0 || !isNode(constant.id) || constant.id.type !== 'Identifier') continue
      if (this.#onlyInTexts(nameOf(constant.id), block, constant.id)) this.#drop(statement, '')
    }
  }

  /** Whether a name is used within a node, and only in what is dropped. */
  #onlyInTexts(name: string, scope: Node, declared: Node): boolean {
    if (!this.#namesInTexts.has(name)) return false
    let uses = 0
    let isNeeded = false
    visitNames(scope, (node) => {
      if (node.name !== name || node.start === declared.start) return
      uses++
      if (!this.#isDropped(node)) isNeeded = true
    })
    return uses > 0 && !isNeeded
  }

  #isDropped(node: Node): boolean {
    return this.#ranges.some(({ start, end }) => start <= node.start && node.end <= end)
  }

  #drop(node: Node, becomes: Range['becomes']): void {
    if (this.#isDropped(node)) return
    if (becomes !== '' || node.type === 'VariableDeclaration') {
      visit(node, ({ type, start }) => {
        if (!changes.includes(type)) return
        const place = `${this.path}:${lineAt(this.#file, start)}`
        throw new Error(`${place} does something while it makes the text of an error; do it before`)
      })
    }
    this.#ranges.push({ start: node.start, end: node.end, becomes })
    visitNames(node, ({ name }) => this.#namesInTexts.add(String(name)))
  }
}

function calleesOf(program: Node): Callee[] {
  const found: Callee[] = []
  const add = (named: unknown, node: unknown): void => {
    const name = nameOf(named)
    if (name === '' || !isNode(node)) return
    // A default stands for what isn't given: `got = ''`.
    const parameters = nodesIn(node.params).map((of) => (isNode(of.left) ? of.left : of))
    found.push({ name, node, parameters })
  }
  visit(program, (node) => {
    if (node.type === 'FunctionDeclaration') add(node.id, node)
    // Other methods can be called from anywhere.
    if (node.type === 'MethodDefinition' && nameOf(node.key).startsWith('#')) add(node.key, node.value)
    if (
      node.type === 'VariableDeclarator' &&
      isNode(node.init) &&
      node.init.type === 'ArrowFunctionExpression'
    )
      add(node.id, node.init)
  })
  // Two of a name can't be told apart where they are called.
  return found.filter(({ name }) => found.filter((other) => other.name === name).length === 1)
}

function importsOf({ path, program }: SourceFile): Map<string, string> {
  const imports = new Map<string, string>()
  for (const node of nodesIn(program.body)) {
    if (node.type !== 'ImportDeclaration' || !isNode(node.source)) continue
    const from = String(node.source.value)
    if (!from.startsWith('.')) continue
    for (const { local, imported } of nodesIn(node.specifiers)) {
      imports.set(nameOf(local), `${join(dirname(path), from)}#${nameOf(imported)}`)
    }
  }
  return imports
}

/** Sees every name that stands for a value, not those of members. */
function visitNames(node: Node, see: (node: Node) => void): void {
  if (node.type === 'Identifier') see(node)
  for (const [part, value] of Object.entries(node)) {
    const isMember =
      (part === 'property' || part === 'key') && node.computed !== true && node.shorthand !== true
    if (isMember) continue
    for (const child of nodesIn(Array.isArray(value) ? value : [value])) visitNames(child, see)
  }
}

function nodesIn(list: unknown): Node[] {
  return Array.isArray(list) ? list.filter(isNode) : []
}

/** The name of `refuse`, `#refuse` and `this.#refuse`; '' of all else. */
function nameOf(node: unknown): string {
  if (!isNode(node)) return ''
  if (node.type === 'Identifier') return String(node.name)
  if (node.type === 'PrivateIdentifier') return `#${String(node.name)}`
  const isOwn =
    node.type === 'MemberExpression' && isNode(node.object) && node.object.type === 'ThisExpression'
  return isOwn && isNode(node.property) && node.property.type === 'PrivateIdentifier'
    ? nameOf(node.property)
    : ''
}
