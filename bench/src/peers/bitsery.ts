import { bitseryCodec, checkBitsery } from '../bitsery-codec.ts'
import { type DataName, loadData, type Variant } from '../codec-data.ts'
import { type Direction, measureCodec } from '../codec-measure.ts'
import type { WindowOptions } from '../window.ts'
import { work } from '../worker-side.ts'

type Options = WindowOptions & { codec: string; data: DataName; direction: Direction; variant: Variant }

/** Measures one direction of bitsery-ts, after the bytes were compared with those of the C++ library. */
work<Options>(async (options, parent) => {
  const data = await loadData(options.data)
  const door = options.codec === 'bitsery-ts simple' ? 'simple' : 'memory'
  const codec = await bitseryCodec(options.data, door, options.variant)
  checkBitsery(codec, data, options.data, options.variant)
  await parent.ready()
  parent.result(measureCodec(codec, data, options.direction, options))
})
