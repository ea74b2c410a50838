/** What a connection tells. None is called from inside a call of its owner's; all in a packet's or a deadline's event. */
export interface ConnectionOwner {
  /** Whole frames came: `bytes[from, to)`, lent for the call. */
  frames(bytes: Uint8Array): void
  /** So many bytes of frames have left for good: the peer has them, or they were given up as their delivery allows. */
  sent(size: number): void
  /** The peer has nothing more to say. */
  ended(): void
  /** The connection is over, by both ends, by the peer, or as it broke the rules: `error` says how then. The last call. */
  gone(error?: Error): void
  /** What is stored has changed. */
  stored(): void
  /** Bytes of the peer's handshake, lent for the call. */
  heard(bytes: Uint8Array): void
  /** The first sealed packet was authentic. */
  proven(): void
}
