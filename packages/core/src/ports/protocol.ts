import type { BlockPool, SegmentBuffer } from '@millrace/buffer'
import type { Goodbye } from '@millrace/wire'
import type { CloseReason } from '../base/close-reason.ts'
import type { KeyTable } from '../base/key-table.ts'
import type { PipeLimits } from '../base/options.ts'
import type { FrameTable } from './framing.ts'
import type { Address, DatagramSocket } from './transport.ts'

/**
 * What a session needs of its owner. The owner may end the channel in any of these calls, and call `release` before it
 * returns: look at `mayDeliver` again.
 */
export interface SessionHost {
  readonly role: 'accepted' | 'opened'
  /** Of them, `messageSizeMax`, `messageRate` and `messageBurst` are the session's to keep. */
  readonly limits: PipeLimits
  readonly pool: BlockPool
  /** Where the session writes what goes to the peer. It leaves at the end of the turn. */
  readonly out: SegmentBuffer
  /**
   * False while messages and requests must wait: the reader is behind, too many replies are owed, or the channel is over. Ask before each
   * one. Replies, faults, pings and pongs need not wait, and should not: two sides that wait for each other would wait for ever.
   */
  readonly mayDeliver: boolean
  /** Whether the peer doesn't take what it is sent: what it asks for with little, such as pongs, should wait. */
  readonly isOwing: boolean
  /** The channel is closed or closing: nothing of the peer counts any more. */
  readonly isOver: boolean
  /**
   * What the session may still take in this turn: it subtracts the bytes of each frame, at least 60. At zero or below it asks `refill`, before it takes
   * another; one frame may be larger than what was left. A session that doesn't do so lets its peer have as much of this process as it likes.
   */
  allowance: number
  /**
   * Asks for more allowance in this turn. False: the budget of the channel is spent, for now. The session returns from `process`, which is called again when the
   * others have had their turn.
   */
  refill(): boolean
  /** What this side tells the peer about itself before the channel opens. Empty on the accepting side. */
  readonly openData: Uint8Array
  /** Unpredictable bytes from the platform. */
  random(size: number): Uint8Array
  /**
   * The peer is who it should be: may the channel open? `data` is what the opener said about itself, and may be a view of memory that
   * changes. `yes`: write what must stand before the first message, then call `opened`. `no`: the owner has ended the channel.
   * `later`: the program has not decided; ask again when `process` is called, and take nothing until then.
   */
  admit(data?: Uint8Array): 'yes' | 'no' | 'later'
  /** The channel is open from here on. */
  opened(): void
  /** A message came. `number` is the key's number, or -1 for a key that is unknown here; then `key` is its name. */
  deliver(number: number, body: unknown, key?: string): void
  /** A request came; the answer goes out by `encodeReply` or `encodeFault` with the same id. */
  requested(id: number, number: number, body: unknown, key?: string): void
  /**
   * A message or request was dropped before it was decoded, as more came than its rate in the contract, or `limits.messageRate`, allows. `number` is its
   * key's, or -1 where keys are not declared. Does what the pipe's `overRate` says, which may end the channel.
   */
  limited(number?: number): void
  /** The number of the key of a request that waits for its reply, or -1. */
  awaited(id: number): number
  /** A reply came. */
  replied(id: number, body: unknown): void
  /** The peer could not reply to a request. */
  faulted(id: number, text: string): void
  /** The peer answered a ping after so many milliseconds. */
  ponged(roundTripMs: number): void
  /** The peer said goodbye: an orderly end. */
  farewell(goodbye: Goodbye): void
  /** The session can't go on. */
  fail(reason: CloseReason): void
  /** A step of the handshake that begins encryption came. What lies behind it may be sealed: `takeRest` may be called in here. */
  cipherStep(step: number, message: Uint8Array): void
  /** Asks for one more `process`, in the next turn: for a session that stopped delivering by itself and can go on. */
  wake(): void
}

/** What a peer takes. It is the peer's word, and makes nothing throw: what this side's own limits refuse throws `message-too-large`, what only these do is `too-large`. */
export interface PeerLimit {
  /** The largest body, in bytes, once it is known. */
  readonly peerSizeMax: number | undefined
  /** Whether it takes what `encodeShared` of a channel of the same protocol made. */
  takesFrame(bytes: Uint8Array): boolean
}

/** What became of a message: nothing (it was written), or `too-large`: the peer takes smaller ones only, and nothing was written. */
// biome-ignore lint/suspicious/noConfusingVoidType: sessions that know no limit of their peer return nothing
export type EncodeResult = 'too-large' | void

/**
 * One channel's machine: it turns frames, or bytes, into messages and back. Knows no socket and no clock. `process` decodes and
 * delivers; what it writes goes to `host.out`.
 */
export interface Session {
  /** The link is there. Called once, in the pipe's turn, before anything is decoded or written; not if the channel ends before. Bytes may be stored already. */
  start(now: number): void
  /** Decodes what is stored and delivers it as long as `host.mayDeliver`; takes all else until `host.isOver`. */
  process(now: number): void
  /** What the stored, undelivered bytes cost in memory. */
  readonly stored: number
  /** True while what is stored waits for this side, not for more bytes of the peer: the peer is not late then. */
  readonly isHolding?: boolean
  /** True once the peer has said its last words: nothing more will come, and its silence means nothing. */
  readonly isAtEnd?: boolean
  /** The size of the frame of the message that is being delivered, in bytes: limits of what waits, decoded, go by it. */
  readonly frameSize?: number
  /** What the peer takes, for protocols in which it says so. */
  readonly peerLimit?: PeerLimit
  /** Appends a message to `host.out`. Throws for a body that can't be encoded, and leaves no trace of it then. */
  encode(number: number, body: unknown): EncodeResult
  /** A message as bytes of their own, ready to be sent by any channel of the same protocol with a peer that takes as much. */
  encodeShared?(number: number, body: unknown): Uint8Array
  /** Requests, replies and faults may be written at any time until `release`: handlers answer when they can. */
  encodeRequest?(id: number, number: number, body: unknown): EncodeResult
  encodeReply?(id: number, number: number, body: unknown): EncodeResult
  encodeFault?(id: number, text: string): void
  /** Asks the peer for a sign of life. */
  ping?(now: number): void
  /** Gives the peer a sign of life that it did not ask for: this side does not read at present, and so sees no ping. */
  pong?(): void
  /** Appends the last words of an orderly end. */
  goodbye?(goodbye: Goodbye): void
  /** What it means that the link ended, now that all stored bytes are read: an orderly end, or a cut. */
  linkEnded(): CloseReason
  /** Throws when the session's own numbers contradict each other. Called by tests after each step. */
  invariants?(): void
  /** Gives all memory back. The last call. */
  release(): void
}

/**
 * A session over a stream of bytes. Millrace's own one is made by `framed(codec)`. A protocol that owns its bytes (its own
 * framing, ciphers that start mid-stream) implements this interface itself: `receive` is all that it needs beside `Session`.
 */
export interface StreamSession extends Session {
  /**
   * Stores a chunk, and does nothing else. Its bytes are the session's now, or until `keep` is called. It may be a Node Buffer,
   * and its `slice` makes no copy: `new Uint8Array(chunk)` does.
   */
  receive(chunk: Uint8Array): void
  /** The bytes of the last chunk will be overwritten: copies what is still stored of it. Without it, lent chunks are copied first. */
  keep?(): void
  /** A frame that carries a step of the handshake that begins encryption. Without these three, channels can't begin to encrypt. */
  encodeCipherStep?(step: number, message: Uint8Array): Uint8Array
  /** Hands over what is stored behind the last step, as it is no longer in clear. */
  takeRest?(): Uint8Array[]
  /**
   * What the session knows of the bytes that went in clear: how many are stored behind the frame that is being read, and what the sides have agreed
   * on, the same bytes on both sides unless something was changed on the way.
   */
  clearPhase?(): { readonly unread: number; readonly agreed: Uint8Array }
}

/** What a datagram session needs of its owner. */
export interface DatagramHost {
  readonly socket: DatagramSocket
  /** Reports what went wrong to the pipe's `error` event. */
  report(error: unknown): void
}

/** A protocol over datagrams, without channels: it replies to what comes in, from any sender. */
export interface DatagramSession {
  /** A datagram came in. Called inside `process` of the pipe, never from the socket's event. */
  receive(bytes: Uint8Array, from: Address, now: number): void
  /** A turn of the pipe; sends what is due. */
  process?(now: number): void
  /** When `process` must be called even if nothing comes in. */
  deadline?(): number
}

/**
 * Turns messages into bytes and back, for channels over streams, for datagrams without channels, or both. Registered in
 * the proto factory. `Messages` maps keys to bodies; it exists for the type checker only.
 */
export interface Protocol<Messages extends object = object> {
  readonly kind: 'protocol'
  /** What it is, for people: `bits`, `msgpack`, `resp`. */
  readonly label: string
  readonly keys: KeyTable
  /**
   * All that makes it what it is, in words for people, such as the fingerprint of its contract: two protocols of one label that say the same do the same,
   * and `add` takes the second for the first. Undefined, or left out: only the object itself is the same. Asked when a name is taken.
   */
  identity?(): string | undefined
  /** Makes the session of one channel. */
  session?(host: SessionHost): StreamSession
  /** How to find the frames in what a session writes, for links that carry frames one by one. Left out: over those, it is bytes in their order. */
  frames?(limits: { readonly messageSizeMax: number }): FrameTable
  /** Makes the session of one datagram socket. */
  datagrams?(host: DatagramHost): DatagramSession
  /** Never set. */
  readonly messages?: Messages
}

/** The messages of a protocol, or of a contract: for those who write a function that takes a `Channel<…>`. */
export type MessagesOf<Source> = Source extends { readonly messages?: infer Messages }
  ? NonNullable<Messages> & object
  : never
