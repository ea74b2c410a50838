/** How a frame travels. `Delivery` of core has the same words, with the same meaning. */
export type FrameDelivery = 'reliable' | 'reliableUnordered' | 'sequenced' | 'latestByKey' | 'unreliable'

/**
 * What becomes of a frame that was written. `'queued'`: it leaves, or, if its delivery allows, a newer one. `'too-large'`: it is above what may be
 * unreliable, sequenced or newest. `'no-number'`: it is no message with a number up to 16,383, so none can be newer. `'exhausted'`: the
 * lane has carried 2^48 bytes.
 */
export type WriteAnswer = 'queued' | 'too-large' | 'no-number' | 'exhausted'
