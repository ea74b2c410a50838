import type { Random } from './random.ts'

/** No input is longer: a campaign is about many reads, not about long ones. */
export const INPUT_SIZE_MAX = 16_000

/** Bytes that mean something: no and one, the ends of size prefixes, groups of 7 bits, all ones. */
const BYTES = [0, 1, 2, 3, 4, 5, 8, 0x0f, 0x40, 0x7f, 0x80, 0x81, 0xbf, 0xc0, 0xc1, 0xfe, 0xff]

/** A buffer that is changed in place and grows and shrinks. */
class Draft {
  readonly bytes = new Uint8Array(2 * INPUT_SIZE_MAX)
  size = 0

  set(bytes: Uint8Array): void {
    this.bytes.set(bytes)
    this.size = bytes.length
  }

  /** Makes room for `count` bytes at `at`, or fewer if the input gets too long. */
  insert(at: number, count: number): number {
    const room = Math.min(count, INPUT_SIZE_MAX - this.size)
    if (room <= 0) return 0
    this.bytes.copyWithin(at + room, at, this.size)
    this.size += room
    return room
  }

  remove(at: number, count: number): void {
    const gone = Math.min(count, this.size - at)
    this.bytes.copyWithin(at, at + gone, this.size)
    this.size -= gone
  }
}

type Change = (draft: Draft, random: Random, other: Uint8Array) => void

const CHANGES: readonly Change[] = [
  (draft, random) => {
    draft.bytes[random.below(draft.size)] ^= 1 << random.below(8)
  },
  (draft, random) => {
    draft.bytes[random.below(draft.size)] = random.below(256)
  },
  (draft, random) => {
    draft.bytes[random.below(draft.size)] = random.oneOf(BYTES)
  },
  (draft, random) => {
    draft.size = random.below(draft.size)
  },
  duplicate,
  (draft, random) => {
    const at = random.below(draft.size + 1)
    const count = draft.insert(at, 1 + random.below(8))
    for (let i = 0; i < count; i++) draft.bytes[at + i] = random.oneOf(BYTES)
  },
  (draft, random) => draft.remove(random.below(draft.size), 1 + random.below(8)),
  splice,
  prefix,
  prefix,
  lengthField,
  lengthField,
]

function duplicate(draft: Draft, random: Random): void {
  const from = random.below(draft.size)
  const slice = draft.bytes.slice(from, Math.min(draft.size, from + 1 + random.below(40)))
  const at = random.below(draft.size + 1)
  const count = draft.insert(at, slice.length)
  draft.bytes.set(slice.subarray(0, count), at)
}

/** The start of this one and the end of another. */
function splice(draft: Draft, random: Random, other: Uint8Array): void {
  const at = random.below(draft.size + 1)
  const rest = other.subarray(random.below(other.length + 1)).subarray(0, INPUT_SIZE_MAX - at)
  draft.bytes.set(rest, at)
  draft.size = at + rest.length
}

/** Another size prefix, in one of its spellings, over what is there. */
function prefix(draft: Draft, random: Random): void {
  const at = random.below(draft.size)
  const { bytes } = draft
  const spelling = random.below(4)
  if (spelling === 0) bytes[at] = random.below(0x80)
  else if (spelling === 1) bytes[at] = 0x80 | random.below(4)
  else if (spelling === 2) bytes[at] = 0x80 | random.below(0x40)
  else bytes[at] = 0xc0 | random.oneOf([0, 0, 1, 0x3f])
  if (spelling > 0 && at + 1 < draft.size && random.below(2) === 0) bytes[at + 1] = random.oneOf(BYTES)
}

/** Another length in the 4 bytes of a growable, in either byte order: nearly right, too small, far too large. */
function lengthField(draft: Draft, random: Random): void {
  if (draft.size < 4) return
  const at = random.below(draft.size - 3)
  const left = draft.size - at
  const near = left - 2 + random.below(5)
  const size = random.oneOf([near, random.below(10), random.below(left + 1), 0xffff_ffff, 0x8000_0000, 256])
  new DataView(draft.bytes.buffer).setUint32(at, size, random.below(2) === 0)
}

const draft = new Draft()

/** A copy of a sample with one to four changes; good until the next call. */
export function mutated(sample: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  draft.set(sample.length > INPUT_SIZE_MAX ? sample.subarray(0, INPUT_SIZE_MAX) : sample)
  for (let left = 1 + random.below(4); left > 0 && draft.size > 0; left--) {
    random.oneOf(CHANGES)(draft, random, other)
  }
  return draft.bytes.subarray(0, draft.size)
}
