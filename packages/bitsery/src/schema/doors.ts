import { BitseryError, errorOf } from '../base/errors.ts'
import { ByteReader } from '../bytes/byte-reader.ts'
import { ByteWriter } from '../bytes/byte-writer.ts'
import { MEMORY_FREE, type ReadLimits } from '../bytes/read-limits.ts'
import { NO_IDS, type Source, type Target } from '../bytes/source.ts'
import { functionOf } from '../emitters/code.ts'
import { MeasureEmitter } from '../emitters/measure-emitter.ts'
import { budgetLine, chargeMemory, MemoryBudget } from '../emitters/memory-budget.ts'
import { ReadEmitter } from '../emitters/read-emitter.ts'
import { WriteEmitter } from '../emitters/write-emitter.ts'
import type { Machines, Node } from '../nodes/node.ts'

/** The three doors of a schema that allocate nothing but the value. */
export interface Doors<T> {
  readonly write: (value: T, target: Target, offset: number) => number
  readonly read: (source: Source, offset: number, end: number) => T
  readonly measure: (value: T) => number
}

/** What both back ends have to know besides the node. */
export interface DoorSettings extends ReadLimits {
  readonly isLittle: boolean
  readonly name: string
}

const plainMachines: Machines = { ByteWriter, ByteReader, WriteEmitter, ReadEmitter }

/** What writes, reads and compiles by a schema of this node. */
export function machinesOf(node: Node): Machines {
  return { ...plainMachines, ...node.traits?.machines }
}

/** The doors by walking over the nodes at each call: the reference, and what is left where text must not become code. */
export function interpret<T>(node: Node, settings: DoorSettings): Doors<T> {
  const { isLittle, name } = settings
  const { ByteWriter, ByteReader } = machinesOf(node)
  const check = (value: T): void => {
    const issue = node.check(value)
    if (issue !== undefined) throw errorOf(issue, name)
  }
  return {
    write(value, target, offset) {
      check(value)
      const writer = new ByteWriter(target, offset, isLittle)
      node.write(writer, value)
      return writer.position
    },
    read(source, offset, end) {
      const reader = new ByteReader(source, offset, end, isLittle, settings)
      const value = node.read(reader)
      source.position = reader.position
      source.error = reader.error
      if (node.traits?.hasPointers) source.unresolved = reader.links?.unresolved ?? NO_IDS
      return value as T
    },
    measure(value) {
      check(value)
      const writer = new ByteWriter(undefined, 0, isLittle)
      node.write(writer, value)
      return writer.position
    },
  }
}

/** The doors as functions made for this node alone. They fall back on the reference for all that is unusual. */
export function compile<T>(node: Node, settings: DoorSettings): Doors<T> {
  const reference = interpret<T>(node, settings)
  const refuse = (value: unknown): never => {
    // The reference says what is wrong with the value, or where it lies at a position that it can't have.
    reference.measure(value as T)
    throw new BitseryError(
      settings.name,
      'a value that stays the same while it is written',
      'one that changes',
      'value-invalid',
    )
  }
  return {
    write: compileWrite(node, settings, refuse) as Doors<T>['write'],
    read: compileRead(node, settings, reference.read) as Doors<T>['read'],
    measure: compileMeasure(node, settings, refuse) as Doors<T>['measure'],
  }
}

function compileWrite(node: Node, settings: DoorSettings, refuse: (value: unknown) => never): unknown {
  const constants: unknown[] = [refuse]
  const functions: string[] = []
  const machines = machinesOf(node)
  const emitter = new machines.WriteEmitter(settings.isLittle, 'return c0(value)', constants, functions)
  node.emitWrite(emitter, 'value')
  const start = 'const bytes = target.bytes, view = target.view\nlet p = offset'
  const write = emitter.functionOf('write', 'value, target, offset', start)
  return functionOf(`${functions.join('\n')}\nreturn ${write}`, constants)
}

function compileRead(node: Node, settings: DoorSettings, reference: unknown): unknown {
  const constants: unknown[] = [reference]
  const functions: string[] = []
  const machines = machinesOf(node)
  const budget = new MemoryBudget(settings.memoryPerByteMax)
  const giveUp = 'return c0(source, offset, end)'
  const emitter = new machines.ReadEmitter(settings.isLittle, giveUp, budget, constants, functions)
  chargeMemory(emitter, node.surplus(false, budget.perBit), '1')
  const result = node.emitRead(emitter)
  const start = `const bytes = source.bytes, view = source.view
let p = offset
source.error = ''
${budgetLine(emitter, 'end - offset', MEMORY_FREE)}`
  const read = emitter.functionOf('read', 'source, offset, end', result, start)
  return functionOf(`${functions.join('\n')}\nreturn ${read}`, constants)
}

function compileMeasure(node: Node, settings: DoorSettings, refuse: (value: unknown) => never): unknown {
  const constants: unknown[] = [refuse]
  const emitter = new MeasureEmitter(settings.isLittle, constants)
  node.emitMeasure(emitter, 'value')
  emitter.settle()
  return functionOf(
    `const refuse = c0
return function measure(value) {
let n = 0
${emitter.lines.join('\n')}
return n
}`,
    constants,
  )
}
