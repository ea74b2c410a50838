/**
 * What one channel may do in its turn before the others and the loop have theirs: a thousand frames, 64 KiB, or 2 ms. Sessions count
 * each frame as its bytes, and as 60 at least.
 */
export const turnBudget = {
  bytes: 65_536,
  /** So much is done between two looks at the clock: little at first, then as much as went well, and of what is slow less, so that it is seen soon. */
  firstSliceBytes: 256,
  sliceBytes: 4096,
  sliceBytesMax: 8192,
  channelMs: 2,
  /** What one channel gets of a round that has taken too long already. */
  crowdedMs: 0.25,
  /** So long a round should take, over all channels of a pipe that have more to do than a slice. */
  roundMs: 8,
} as const
