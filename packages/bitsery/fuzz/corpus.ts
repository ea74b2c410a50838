import { readdirSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { type Descriptor, schemaFromDescriptor } from '../src/descriptor.ts'
import type { Schema } from '../src/index.ts'
import { anyCase } from './cases.ts'
import { settled } from './settled.ts'

/** A schema of the golden vectors, and the bytes that they have for it. */
export interface Target {
  readonly descriptor: Descriptor
  readonly compiled: Schema<unknown>
  readonly interpreted: Schema<unknown>
  readonly samples: readonly Uint8Array[]
}

interface Vector {
  readonly schema?: Descriptor
  readonly schemaWriter?: Descriptor
  readonly schemaReader?: Descriptor
  readonly endian?: 'le' | 'be'
  readonly hex?: string
}

interface VectorFile {
  /** The schema of all, where the vectors have none. */
  readonly schema?: Descriptor
  readonly vectors?: readonly Vector[]
  readonly messages?: readonly Vector[]
  readonly variants?: readonly Vector[]
}

const FOLDER = new URL('../vectors/', import.meta.url)

/** Quirks are also schemas that C++ gets wrong and that are no schemas here. */
function isRefused(file: string, descriptor: Descriptor): boolean {
  if (file !== 'quirks.json.gz') return false
  try {
    schemaFromDescriptor(descriptor)
    return false
  } catch {
    return true
  }
}

/** Every schema and byte order of the golden vectors of all topics, with default options. */
export function loadCorpus(): Target[] {
  const found = new Map<string, { descriptor: Descriptor; isBig: boolean; samples: Uint8Array[] }>()
  for (const name of readdirSync(FOLDER).filter((file) => file.endsWith('.json.gz'))) {
    const file: VectorFile = JSON.parse(gunzipSync(readFileSync(new URL(name, FOLDER))).toString())
    for (const vector of [...(file.vectors ?? []), ...(file.messages ?? []), ...(file.variants ?? [])]) {
      if (vector.hex === undefined) continue
      const isBig = vector.endian === 'be'
      const bytes = Uint8Array.from(Buffer.from(vector.hex, 'hex'))
      for (const descriptor of [vector.schema ?? file.schema, vector.schemaReader, vector.schemaWriter]) {
        if (descriptor === undefined || isRefused(name, descriptor)) continue
        const key = `${isBig} ${JSON.stringify(descriptor)}`
        const known = found.get(key)
        if (known === undefined) found.set(key, { descriptor, isBig, samples: [bytes] })
        else known.samples.push(bytes)
      }
    }
  }
  return [...found.values()].map(({ descriptor, isBig, samples }) => {
    const schema = schemaFromDescriptor(descriptor).with({ byteOrder: isBig ? 'big' : 'little' })
    return { descriptor, compiled: schema, interpreted: schema.with({ backend: 'interpreted' }), samples }
  })
}

const SAMPLES = 5

/** Random schemas of all types, each with a few values: combinations that no vector has. */
export function randomCorpus(count: number, seed: number): Target[] {
  return fc.sample(anyCase, { seed, numRuns: count }).map(({ schema, values }, index) => {
    const compiled = schema.with({ byteOrder: index % 2 === 0 ? 'little' : 'big' })
    const { descriptor } = schema
    const samples = fc
      .sample(values, { seed: seed + index, numRuns: SAMPLES })
      .map((draft) => compiled.encode(settled(descriptor, draft)))
    return { descriptor, compiled, interpreted: compiled.with({ backend: 'interpreted' }), samples }
  })
}
