import { checkCodec } from '../codec.ts'
import { type DataName, loadData } from '../codec-data.ts'
import { type Direction, measureCodec } from '../codec-measure.ts'
import { peerCodec } from '../codecs.ts'
import type { WindowOptions } from '../window.ts'
import { work } from '../worker-side.ts'

/** Measures one direction of one peer's codec, in a process that has seen no other. */
work<WindowOptions & { codec: string; data: DataName; direction: Direction }>(async (options, parent) => {
  const [codec, data] = await Promise.all([peerCodec(options.codec, options.data), loadData(options.data)])
  checkCodec(codec, data, options.data)
  await parent.ready()
  parent.result(measureCodec(codec, data, options.direction, options))
})
