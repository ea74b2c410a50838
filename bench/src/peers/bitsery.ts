import { bitseryCodec, checkBytes } from '../bitsery-codec.ts'
import { type DataName, loadData } from '../codec-data.ts'
import { type Direction, measureCodec } from '../codec-measure.ts'
import { checkCodec } from '../codecs.ts'
import type { WindowOptions } from '../window.ts'
import { work } from '../worker-side.ts'

/** Measures one direction of bitsery-ts, after the bytes were compared with those of the C++ library. */
work<WindowOptions & { codec: string; data: DataName; direction: Direction }>(async (options, parent) => {
  const data = await loadData(options.data)
  const codec = bitseryCodec(options.data, options.codec === 'bitsery-ts simple' ? 'simple' : 'memory')
  checkBytes(codec, data)
  checkCodec(codec, data, options.data)
  await parent.ready()
  parent.result(await measureCodec(codec, data, options.direction, options))
})
