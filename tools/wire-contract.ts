/** The contract that the vectors of docs/WIRE.md are written with. */
import { bool, contract, enumeration, f32, optional, request, text, u8, u16, u32 } from 'millrace'
import { bytes, f64, fixedArray, i16 } from 'millrace/schema'

/** One message of the contract of the vectors; its number is its place in the list. */
export interface ContractMessage {
  readonly key: string
  readonly descriptor: unknown
  readonly fingerprint: string
  /** The size of every body, in bytes; null if sizes differ. */
  readonly fixedSize: number | null
  readonly reply?: { readonly descriptor: unknown; readonly fingerprint: string }
}

/** A contract without types. */
export interface DescribedContract {
  readonly version: number
  readonly fingerprint: string
  readonly messages: readonly ContractMessage[]
}

/** The contract of the vectors. The live test of the document serves it, too. */
export const vectorContract = contract(
  {
    move: { id: u32, x: f32, y: f32 },
    buy: request({ item: u16, count: u8 }, { left: u32 }),
    chat: { from: u32, line: text(200), color: optional(enumeration(['red', 'green'])) },
    sell: request({ item: u16 }, { gold: f64, isLast: bool }),
    map: { origin: fixedArray(i16, 2), cells: bytes(1_000_000) },
  },
  { version: 3 },
)

/** The same game, one version before. */
export const olderContract = contract(
  { move: { id: u32, x: f32, y: f32 }, chat: { from: u32, line: text(200) } },
  { version: 2 },
)

/** The contract of the vectors in words of JSON. */
export function describedContract(): DescribedContract {
  const { version, fingerprint, entries } = vectorContract
  const messages = entries.map(({ key, schema, reply }) => ({
    key,
    descriptor: schema.descriptor,
    fingerprint: schema.fingerprint,
    fixedSize: schema.sizeFixed ?? null,
    ...(reply === undefined
      ? {}
      : {
          reply: {
            descriptor: reply.descriptor,
            fingerprint: reply.fingerprint,
          },
        }),
  }))
  return { version, fingerprint, messages }
}

/** The fields of all structs in a schema. */
export function fieldCount(descriptor: unknown): number {
  if (typeof descriptor !== 'object' || descriptor === null) return 0
  const { fields = [], of } = descriptor as { fields?: readonly [string, unknown][]; of?: unknown }
  return fields.reduce((count, [, field]) => count + 1 + fieldCount(field), fieldCount(of))
}
