import type { Row, RowContext } from './scenario.ts'
import { codecCases, codecRow } from './scenarios/codec.ts'

/** bitsery-ts among the codecs. */
export function rows({ case: name }: RowContext): readonly Row[] {
  const shared = { kind: 'millrace', file: 'bitsery.ts', ...codecCases[name] } as const
  return [
    codecRow({
      ...shared,
      name: 'bitsery-ts',
      note: 'write and read in a buffer that is there, as a protocol does',
    }),
    codecRow({ ...shared, name: 'bitsery-ts simple', note: 'encode and decode, with bytes of their own' }),
  ]
}
