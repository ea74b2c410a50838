import type { Row, RowContext } from './scenario.ts'
import { codecCases, codecRow } from './scenarios/codec.ts'

/** bitsery-ts among the codecs, and its other layouts against the aligned one. */
export function rows({ case: name }: RowContext): readonly Row[] {
  const given = codecCases[name]
  const shared = { kind: 'millrace', file: 'bitsery.ts', ...given } as const
  const aligned = codecRow({
    ...shared,
    name: 'bitsery-ts',
    variant: 'aligned',
    note: 'write and read in a buffer that is there, as a protocol does',
  })
  if (given.variant !== 'aligned') {
    return [aligned, codecRow({ ...shared, name: `bitsery-ts ${given.variant}` })]
  }
  return [
    aligned,
    codecRow({ ...shared, name: 'bitsery-ts simple', note: 'encode and decode, with bytes of their own' }),
  ]
}
