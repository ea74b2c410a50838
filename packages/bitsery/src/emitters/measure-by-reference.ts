import { ByteWriter } from '../bytes/byte-writer.ts'
import type { MeasureEmitter } from './measure-emitter.ts'

/** What this needs of a node. */
interface MeasurableNode {
  readonly traits?: { readonly machines: { readonly ByteWriter?: typeof ByteWriter } }
  check(value: unknown): unknown
  write(writer: ByteWriter, value: unknown): void
}

/** Appends code that leaves the measuring of a value to the reference: for types with sizes that are no sum. */
export function measureByReference(emitter: MeasureEmitter, node: MeasurableNode, value: string): void {
  const { isLittle } = emitter
  const Writer = node.traits?.machines.ByteWriter ?? ByteWriter
  const measure = (of: unknown): number => {
    if (node.check(of) !== undefined) return -1
    const writer = new Writer(undefined, 0, isLittle)
    node.write(writer, of)
    return writer.position
  }
  const size = emitter.local(`${emitter.constant(measure)}(${value})`)
  emitter.refuseIf(`${size} < 0`)
  emitter.line(`n += ${size}`)
}
