import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { type DataName, loadData, type Variant } from './codec-data.ts'
import type { Direction } from './codec-measure.ts'
import { nativeProgram } from './native.ts'
import type { Row } from './scenario.ts'
import { runAlone } from './worker.ts'

/** The C++ library bitsery itself; not run where its headers or a compiler are missing. */
export function cppRow(given: { data: DataName; direction: Direction; variant: Variant }): Row {
  const { data, direction, variant } = given
  return {
    name: variant === 'aligned' ? 'bitsery C++' : `bitsery C++ ${variant}`,
    kind: 'peer',
    note: 'encodes into one reused vector, decodes into fresh objects; -O2',
    measure: async ({ warmupMs, measureMs: whole }) => {
      const measureMs = whole / 2
      const program = await nativeProgram('bitsery-codec.cpp')
      const file = await alignedFile(data)
      // A native worker gets these in their order.
      const options = { warmupMs, measureMs, direction, data, variant, file }
      return await runAlone(program, options, warmupMs + measureMs + 15_000)
    },
  }
}

/** The objects of a set in a form that C++ reads without a parser: the bytes of the library itself. */
async function alignedFile(data: DataName): Promise<string> {
  const { bitsery } = await loadData(data)
  const path = fileURLToPath(new URL(`../out/native/${data}.bin`, import.meta.url))
  await writeFile(path, Buffer.concat(bitsery.aligned ?? []))
  return path
}
