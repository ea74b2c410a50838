import { BitseryError, phrase } from '../base/errors.ts'
import { MEMORY_FREE } from '../bytes/read-limits.ts'
import { type Target, targetOf } from '../bytes/source.ts'
import { canCompile, functionOf } from '../emitters/code.ts'
import { budgetLine, chargeMemory, MemoryBudget } from '../emitters/memory-budget.ts'
import { endOf, type FieldNode, type Machines, type Node } from '../nodes/node.ts'
import { type DoorSettings, machinesOf } from './doors.ts'

/**
 * A struct that is read in place: each property reads its field when it is asked for. Only as good as the bytes it lies over, which it
 * borrows. A property throws BitseryError when the bytes of its field are wrong.
 */
export type View<T> = T extends Leaf ? T : { readonly [K in keyof T]: View<T[K]> }

type Leaf =
  | (string | number | bigint | boolean | undefined | null)
  | readonly unknown[]
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>
  | Uint8Array
  | Uint32Array

/** The state of a view of a whole struct; of a struct within it, `root` is that view. Names that no field has. */
interface Names {
  readonly bytes: string
  readonly view: string
  readonly offset: string
  readonly root: string
}

type State = Record<string, unknown>

/** A field of a view: how many bits there are before it, and whether it lies within bit packing. */
interface Spot {
  readonly field: FieldNode
  readonly bits: number
  readonly isPacked: boolean
  /** Whether the view is of a struct within another one. */
  readonly isNested: boolean
}

/** What `schema.view` does. */
export type ViewDoor = (bytes: Uint8Array | Target, offset?: number, into?: unknown) => unknown

/** The door of a schema that gives views. Throws BitseryError where offsets aren't fixed. */
export function viewDoor(node: Node, settings: DoorSettings, backend: 'compiled' | 'interpreted'): ViewDoor {
  return new ViewMaker(node, settings, backend === 'compiled').door()
}

/** Makes the views of one schema: objects with a getter for each field, and with their memory and offset as hidden properties. */
class ViewMaker {
  readonly #settings: DoorSettings
  readonly #names: Names
  readonly #prototype: object
  /** The bytes of the fields of fixed size. */
  #sizeMin = 0
  readonly #isEmitted: boolean
  readonly #machines: Machines

  constructor(node: Node, settings: DoorSettings, isCompiled: boolean) {
    this.#settings = settings
    this.#isEmitted = isCompiled && !node.traits?.hasPointers && canCompile()
    this.#machines = machinesOf(node)
    const fields = fieldsIn(node)
    if (fields === undefined) throw new BitseryError(settings.name, 'a struct to view', node.kind)
    this.#names = namesBesides(JSON.stringify(node.descriptor()))
    this.#prototype = this.#prototypeOf(fields, isPackedIn(node), 0, false)
  }

  door(): ViewDoor {
    const { bytes: bytesName, view: viewName, offset: offsetName } = this.#names
    const sizeMin = this.#sizeMin
    const prototype = this.#prototype
    return (memory, offset = 0, into) => {
      const bytes = (memory as Target).bytes ?? memory
      if (!(offset >= 0 && offset + sizeMin <= bytes.length && Math.floor(offset) === offset)) {
        const left = `${bytes.length - offset} from ${phrase(offset)} on`
        throw new BitseryError(
          this.#settings.name,
          `${sizeMin} bytes from the offset on`,
          left,
          'bytes-invalid',
        )
      }
      if (into === undefined) return this.#make(targetOver(memory), offset)
      if (Object.getPrototypeOf(into) !== prototype)
        throw new BitseryError('view', 'a view of the same schema to move', phrase(into), 'value-invalid')
      const state = into as State
      if (state[bytesName] !== bytes) {
        state[bytesName] = bytes
        state[viewName] = targetOver(memory).view
      }
      state[offsetName] = offset
      return into
    }
  }

  #make({ bytes, view }: Target, offset: number): unknown {
    const { bytes: bytesName, view: viewName, offset: offsetName } = this.#names
    return Object.create(this.#prototype, {
      [bytesName]: { value: bytes, writable: true },
      [viewName]: { value: view, writable: true },
      [offsetName]: { value: offset, writable: true },
    })
  }

  #prototypeOf(fields: readonly FieldNode[], isPacked: boolean, start: number, isNested: boolean): object {
    const prototype = {}
    let end: number | undefined = start
    for (const [index, field] of fields.entries()) {
      if (end === undefined) {
        const before = phrase(fields[index - 1].name)
        const wanted = `fields at fixed offsets: ${phrase(field.name)} lies behind ${before}, which varies in size`
        throw new BitseryError(this.#settings.name, wanted, 'no fixed offset')
      }
      if (field.node.kind !== 'align') {
        const get = this.#getterOf({ field, bits: end, isPacked, isNested })
        Object.defineProperty(prototype, field.name, { get, enumerable: true, configurable: true })
      }
      end = endOf(field.node, isPacked, end)
      if (end !== undefined) this.#sizeMin = Math.max(this.#sizeMin, Math.ceil(end / 8))
    }
    return prototype
  }

  #getterOf(spot: Spot): () => unknown {
    const { node, name } = spot.field
    const inner = fieldsIn(node)
    if (inner === undefined) return this.#isEmitted ? this.#compiled(spot) : this.#interpreted(spot)
    const prototype = this.#prototypeOf(inner, spot.isPacked || isPackedIn(node), spot.bits, true)
    const rootName = this.#names.root
    // Made once: it moves with the view it belongs to.
    const made = `${rootName} ${name}`
    return function (this: unknown) {
      const state = this as State
      if (state[made] === undefined) {
        const value = Object.create(prototype, { [rootName]: { value: state[rootName] ?? state } })
        Object.defineProperty(state, made, { value })
      }
      return state[made]
    }
  }

  #interpreted({ field, bits, isPacked, isNested }: Spot): () => unknown {
    const settings = this.#settings
    const { isLittle, name } = settings
    const names = this.#names
    const { ByteReader } = this.#machines
    return function (this: unknown) {
      const state = (isNested ? (this as State)[names.root] : this) as State
      const memory = { bytes: state[names.bytes] as Uint8Array, view: state[names.view] as DataView }
      const at = (state[names.offset] as number) + (bits >> 3)
      const reader = new ByteReader(memory, at, memory.bytes.length, isLittle, settings)
      reader.isPacked = isPacked
      if (isPacked) reader.bits(bits & 7)
      const value = field.node.read(reader)
      if (reader.error === '') return value
      const path = name === '' ? field.name : `${name}.${field.name}`
      throw new BitseryError(path, 'bytes of a valid value', reader.error, 'bytes-invalid')
    }
  }

  #compiled(spot: Spot): () => unknown {
    const { field, bits, isPacked, isNested } = spot
    const constants: unknown[] = [this.#interpreted(spot), { position: 0 }]
    const functions: string[] = []
    const { isLittle, memoryPerByteMax } = this.#settings
    const budget = new MemoryBudget(memoryPerByteMax)
    const giveUp = 'return c0.call(this)'
    const emitter = new this.#machines.ReadEmitter(isLittle, giveUp, budget, constants, functions)
    emitter.isPacked = isPacked
    emitter.beginAtBit(bits & 7)
    chargeMemory(emitter, field.node.surplus(isPacked, budget.perBit), '1')
    const result = field.node.emitRead(emitter)
    emitter.settle()
    const member = (name: string): string => `[${JSON.stringify(name)}]`
    const lines = [
      'return function () {',
      `const root = this${isNested ? member(this.#names.root) : ''}`,
      `const bytes = root${member(this.#names.bytes)}, view = root${member(this.#names.view)}`,
      'const end = bytes.length, source = c1',
      `let p = root${member(this.#names.offset)} + ${bits >> 3}${emitter.hasBits ? ', b = 0' : ''}`,
      budgetLine(emitter, 'end - p', MEMORY_FREE),
      ...emitter.lines,
      `return ${result}\n}`,
    ]
    return functionOf([...functions, ...lines].join('\n'), constants) as () => unknown
  }
}

function targetOver(memory: Uint8Array | Target): Target {
  return memory instanceof Uint8Array ? targetOf(memory) : memory
}

/** Names that don't occur in a text. */
function namesBesides(text: string): Names {
  let prefix = '$'
  while (text.includes(`"${prefix}`)) prefix += '$'
  return {
    bytes: `${prefix}bytes`,
    view: `${prefix}view`,
    offset: `${prefix}offset`,
    root: `${prefix}root`,
  }
}

/** The fields of a struct, also one in bit packing or a base; undefined for everything else. */
function fieldsIn(node: Node): readonly FieldNode[] | undefined {
  return node.content === undefined ? node.fields : fieldsIn(node.content)
}

/** Whether the struct in a node lies within bit packing. */
function isPackedIn(node: Node): boolean {
  return node.content !== undefined && (node.kind === 'bits' || isPackedIn(node.content))
}
