/** How a frame travels. `Delivery` of core has the same words, with the same meaning. */
export type FrameDelivery = 'reliable' | 'reliableUnordered' | 'sequenced' | 'latestByKey' | 'unreliable'
