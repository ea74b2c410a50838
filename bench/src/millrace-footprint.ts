import type { Row, RowContext } from './scenario.ts'
import { bundleRow, freshRow, importRow } from './scenarios/footprint.ts'

/** What Millrace costs before the first message. */
export function rows({ case: name }: RowContext): readonly Row[] {
  const kind = 'millrace'
  if (name === 'fresh') {
    return [
      freshRow({ kind, name: 'millrace bits', file: 'millrace-fresh.ts', note: 'a pipe with a listener' }),
    ]
  }
  if (name === 'import') {
    return [importRow({ kind, name: 'millrace', specifier: 'millrace', note: "import 'millrace'" })]
  }
  return [
    bundleRow({
      kind,
      name: 'millrace bits',
      entry: { file: 'opening.ts' },
      note: 'core, bits and a contract of five messages',
    }),
    bundleRow({
      kind,
      name: 'millrace bits + msgpack',
      entry: { file: 'opening-msgpack.ts' },
      note: 'and the protocol msgpack',
    }),
    bundleRow({
      kind,
      name: 'millrace bits + encryption',
      entry: { file: 'opening-encryption.ts' },
      note: 'and all that encrypts, by @noble',
    }),
  ]
}
