import { sharedByCopies } from '@millrace/core'

/** A point in time as the timestamp extension has it: finer and wider than `Date`. */
export class MsgpackTimestamp {
  static {
    sharedByCopies(MsgpackTimestamp, 'MsgpackTimestamp')
  }

  /** Whole seconds since 1970-01-01T00:00:00Z, rounded down; a safe integer. */
  readonly seconds: number
  /** 0 to 999999999, always counted forward from `seconds`. */
  readonly nanoseconds: number

  /** Takes any numbers; the writer refuses what is not in range. */
  constructor(seconds: number, nanoseconds: number) {
    this.seconds = seconds
    this.nanoseconds = nanoseconds
  }
}

/** The extension type of timestamps. */
export const TIMESTAMP_TYPE = -1

const NANOSECONDS_MAX = 999_999_999
const MS_MAX = 8.64e15
const TWO_32 = 0x1_0000_0000
const TWO_34 = 0x4_0000_0000

/** True when both parts are in range. */
export function isTimestampValid({ seconds, nanoseconds }: MsgpackTimestamp): boolean {
  const isNanosecond = Number.isInteger(nanoseconds) && nanoseconds >= 0 && nanoseconds <= NANOSECONDS_MAX
  return isNanosecond && Number.isSafeInteger(seconds)
}

/** A valid `Date` as a timestamp. */
export function timestampOf(date: Date): MsgpackTimestamp {
  const ms = date.getTime()
  const seconds = Math.floor(ms / 1000)
  return new MsgpackTimestamp(seconds, (ms - seconds * 1000) * 1_000_000)
}

/** A timestamp as a `Date`, rounded down to the millisecond; undefined when `Date` does not reach so far. */
export function dateOf({ seconds, nanoseconds }: MsgpackTimestamp): Date | undefined {
  const ms = seconds * 1000 + Math.floor(nanoseconds / 1_000_000)
  return ms >= -MS_MAX && ms <= MS_MAX ? new Date(ms) : undefined
}

/** Data bytes of the shortest form: 4, 8 or 12. */
export function timestampSize({ seconds, nanoseconds }: MsgpackTimestamp): 4 | 8 | 12 {
  if (seconds < 0 || seconds >= TWO_34) return 12
  return nanoseconds === 0 && seconds < TWO_32 ? 4 : 8
}

/** Writes the data of the shortest form at `offset`; room for it is there. */
export function writeTimestamp(timestamp: MsgpackTimestamp, view: DataView, offset: number): void {
  const { seconds, nanoseconds } = timestamp
  const high = Math.floor(seconds / TWO_32)
  switch (timestampSize(timestamp)) {
    case 4:
      view.setUint32(offset, seconds)
      break
    case 8:
      view.setUint32(offset, nanoseconds * 4 + high)
      view.setUint32(offset + 4, seconds >>> 0)
      break
    default:
      view.setUint32(offset, nanoseconds)
      view.setInt32(offset + 4, high)
      view.setUint32(offset + 8, seconds >>> 0)
  }
}

/** Reads timestamp data; undefined for a wrong size or a part out of range. Any form is taken, not only the shortest. */
export function readTimestamp(view: DataView, offset: number, size: number): MsgpackTimestamp | undefined {
  let seconds: number
  let nanoseconds = 0
  if (size === 4) {
    seconds = view.getUint32(offset)
  } else if (size === 8) {
    const first = view.getUint32(offset)
    nanoseconds = first >>> 2
    seconds = (first & 3) * TWO_32 + view.getUint32(offset + 4)
  } else if (size === 12) {
    nanoseconds = view.getUint32(offset)
    seconds = view.getInt32(offset + 4) * TWO_32 + view.getUint32(offset + 8)
  } else {
    return undefined
  }
  const timestamp = new MsgpackTimestamp(seconds, nanoseconds)
  return isTimestampValid(timestamp) ? timestamp : undefined
}
