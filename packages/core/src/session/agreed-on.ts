import { shortTextSizeMax, writeText } from '@millrace/wire'
import type { Codec } from '../ports/codec.ts'
import { noFingerprint } from './hello-exchange.ts'

const room = 4 + 2 * (1 + shortTextSizeMax)

/** What the hellos have settled, the same bytes on both sides (docs/WIRE.md, section 5.5). `messageSizeMax`: the smaller one. */
export function agreedOn({ name, contract }: Codec, messageSizeMax: number): Uint8Array {
  const bytes = new Uint8Array(room)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, messageSizeMax, true)
  const at = writeText({ bytes, view }, 4, name)
  return bytes.subarray(0, writeText({ bytes, view }, at, contract?.fingerprint ?? noFingerprint))
}
