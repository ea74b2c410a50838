/**
 * What a packet carries, as its sender remembers it: a flat array of triples `(what, a, b)`. When the packet is acknowledged or lost, each triple is
 * told to its owner. Flat, since a packet is made a hundred thousand times a second.
 *
 *     what                         a                        b
 *     0 … laneCountMax - 1         first byte               end, in the stream of bytes of that lane
 *     contentsMessage              id of the message        piece of it: offset · 2^16 + size
 *     contentsNewest               number + 2^14 · sequence piece of that value, likewise
 *     contentsConnection and up    the connection's own     the connection's own
 */
export type PacketContents = number[]

/** The numbers of one part: `what`, `a` and `b`. */
export const contentsStride = 3

/** The most ordered lanes of a connection: a `what` below this is the number of a lane. */
export const laneCountMax = 16

/** `what` of a piece of an unordered message. */
export const contentsMessage = 16

/** `what` of a value of which the newest alone counts. */
export const contentsNewest = 17

/** The first `what` of the connection's own parts: probes, challenges, windows. */
export const contentsConnection = 18
