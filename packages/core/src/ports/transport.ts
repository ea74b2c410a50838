import type { SegmentBatch } from '@millrace/buffer'
import type { CancelSignal } from '../base/cancel.ts'
import type { ChannelEncryption } from '../base/channel-encryption.ts'
import type { FrameTable } from './framing.ts'
import type { Loop } from './loop.ts'
import type { SealOptions } from './sealing.ts'

/** Where a pipe binds or opens, as its transport understands it. */
export interface Address {
  /** As a URL: `tcp://127.0.0.1:7777`. `create` and `bind` read it back. */
  readonly text: string
  /** The port, where there is one: of a bound pipe, the one that the system chose for port 0. */
  readonly port?: number
}

/** What a link tells. All but `failed` are called from the platform's events, never from inside a call to the link. */
export interface LinkOwner {
  /**
   * Bytes came in. `given`: they are the owner's now, and the link must not touch them again. `lent`: they are the
   * link's, which overwrites them after the call; the owner copies what it can't read at once.
   */
  received(bytes: Uint8Array, ownership: 'given' | 'lent'): void
  /** So many bytes more of what was sent have left for good. Of a large batch it may be told in parts; its memory was given back with the last. */
  sent(size: number): void
  /** The peer ended its direction: nothing more will be received. */
  ended(): void
  /** The link is gone; with the error, if it was one. The last call, made exactly once. */
  gone(error?: unknown): void
  /** Bytes came that can't be handed on yet: for links that encrypt, as their records may begin long before they end, and those that put frames together. */
  stored?(): void
}

/** What a link over datagrams knows of its path. */
export interface NetworkStatistics {
  /** The round trip in milliseconds, smoothed; how far it varies; and the least of the last seconds. */
  readonly roundTripMs: number
  readonly roundTripVarianceMs: number
  readonly roundTripLeastMs: number
  /** Packets that left, and those of them that were lost: what they carried was sent again where its delivery says so. */
  readonly packetsOut: number
  readonly packetsLost: number
  /** Packets that came, and those of them that had come before. */
  readonly packetsIn: number
  readonly packetsRepeated: number
  readonly bytesOut: number
  readonly bytesIn: number
  /** Unreliable and sequenced messages that did not leave in time. */
  readonly messagesStale: number
  /** Those that came and were dropped: the program was behind, or a piece of one did not come within a second. */
  readonly messagesMissed: number
  /** The size that packets may have on this path, in bytes. */
  readonly packetSize: number
  /** What the path is thought to take, in bytes a second. */
  readonly bytesPerSecond: number
}

/**
 * What came to the socket of a bound pipe over datagrams, for all its channels, and what of it was dropped: by cause. A count that rises fast is of a
 * flood, or of a peer that lies; none of them costs memory. Counts of packets, unless they say bytes.
 */
export interface PacketStatistics {
  /** All that came, and their bytes. */
  readonly packetsIn: number
  readonly bytesIn: number
  /** Dropped: no packet of the layout, one that this side never takes, or from port 0, where nothing can be sent. What begins as none of Millrace's is told by the event `datagram` as well. */
  readonly strange: number
  /** Dropped: for no channel of this socket. */
  readonly unknown: number
  /** Dropped: in clear, with the id of a channel but another key than that channel's, or cut. */
  readonly wrongKey: number
  /** Dropped: in clear, for a channel that is sealed by now. */
  readonly inClear: number
  /** Dropped: sealed, and not authentic; or for a channel without keys yet. */
  readonly forged: number
  /** Dropped: came before, or is too old to tell. */
  readonly repeated: number
  /** With something in it for which there was no room: not acknowledged, so that its sender sends that again. */
  readonly untaken: number
  /** For a channel that is over: answered a few times. */
  readonly late: number
  /** Channels that ended as their peer broke the rules of packets. */
  readonly violations: number
  /** Requests for a connection with a cookie that is not good: too old, or made for another. They were answered with another one. */
  readonly cookiesRefused: number
  /** Requests that got no answer, as too many channels of their address are not open yet: their openers ask again. */
  readonly requestsDeferred: number
  /** Bytes of requests, and packets and bytes of answers to those that had proven no address. */
  readonly unprovenBytesIn: number
  readonly unprovenPacketsOut: number
  readonly unprovenBytesOut: number
}

/** Seals and opens packets of one connection: `DatagramRecords` of `@millrace/cipher`. Each packet by itself, so that any may be lost. */
export interface PacketSealer {
  /**
   * Seals `source[from, to)` into `into` from `at` on, and returns the end: 13 bytes before and 16 behind the plaintext. In place if `into` is `source` and
   * `at` is `from - 13`. Throws when its keys are used up.
   */
  seal(source: Uint8Array, from: number, to: number, into: Uint8Array, at: number, now: number): number
  /** Opens a packet in place, and returns its plaintext, a part of `packet`; or a word that says why it was dropped. */
  open(packet: Uint8Array, now: number): Uint8Array | string
  /** Forgets the keys. */
  close(): void
}

/** How a link that carries packets is sealed: each by itself. */
export interface PacketSealing {
  /** By which the peer addresses this side, and this side the peer. */
  readonly ownId: number
  readonly peerId: number
  /** Bytes of a handshake, in clear: they arrive in their order, until `seal`. Nothing else leaves before that. */
  say(bytes: Uint8Array): void
  /** From now on every packet is sealed, and none in clear counts once a sealed one came. */
  seal(sealer: PacketSealer): void
}

/** What a link that is to be sealed tells beside what all links tell. */
export interface PacketSealingOwner {
  /** Bytes of the peer's handshake, lent for the call. */
  heard(bytes: Uint8Array): void
  /** The first sealed packet of the peer was authentic: it has the keys. */
  proven(): void
}

/** A transport's side of a channel: bytes in, bytes out. It frames nothing and decides nothing. */
export interface Link {
  /**
   * For links that carry frames one by one, such as those over datagrams: how to find them in what is sent, and how each is to be delivered. Called at most
   * once, before `start`. A link that isn't told carries bytes in their order. What such a link hands over is whole frames, and so is each segment that it is given to send.
   */
  readonly speaks?: ((frames: FrameTable) => void) | undefined
  /** Says who is told. Called once, before anything else. */
  start(owner: LinkOwner): void
  /**
   * Sends all segments in one gather write, and releases the batch when they have left. Returns `waits`, and tells the
   * owner by `sent` when they have; or, only if asked to report `unless-left`, `left`: all of it left at once, and nothing
   * more will be told. That spares a callback where no sender has to be slowed down. A call that throws has not taken the batch.
   */
  send(batch: SegmentBatch, report?: 'unless-left'): 'left' | 'waits'
  /**
   * Stops reading; what the platform already holds may still come. A link that can't stop has neither this nor `resume`: what is not
   * processed is stored then, up to `receiveHighWaterBytes` and one whole message, and more ends the channel with `receive-overflow`.
   */
  readonly pause?: (() => void) | undefined
  /** Reads on. */
  readonly resume?: (() => void) | undefined
  /** Ends this direction after everything sent. */
  end(): void
  /** Ends both directions now. What was on its way is lost. */
  destroy(): void
  /**
   * How many of the bytes sent wait in the platform, for a link that isn't told when they leave, such as a WebSocket in a browser. It is asked in the
   * pipe's turns, every 10 ms, while any wait. Such a link releases a batch when its bytes are copied, and never tells `sent`.
   */
  readonly buffered?: (() => number) | undefined
  describe(): string
  /** The network address of the peer without its port, for limits that count by address: of tcp an IP address. The same when the link is gone. */
  readonly peerAddress?: string | undefined
  /**
   * For links that carry packets: they are sealed one by one, as a stream of records needs what comes before. Called before `start`, on a link that will be
   * sealed; no frame leaves until then.
   */
  readonly sealing?: ((owner: PacketSealingOwner) => PacketSealing) | undefined
  /** Makes the link over this one that does so, and brings the code for it: `sealPackets` of `@millrace/core/noise-packets`. Goes with `sealing`. */
  readonly sealed?: ((link: Link, options: SealOptions) => Link) | undefined
  /** What is known of the encryption, for links that encrypt. */
  readonly encryption?: ChannelEncryption | undefined
  /** How many bytes would leave at once if they were sent now, for links that pace what they send. Absent: it is not known. */
  readonly budgetBytes?: number | undefined
  /** What is known of the path to the peer, for links that measure it. */
  readonly network?: (() => NetworkStatistics) | undefined
  /** How many bytes came and can't be handed on yet, such as those of a record or frame that is not whole. Absent: none. */
  readonly storedBytes?: number | undefined
}

/** What a factory lends to the transports of its pipes. Those on a network of the platform's own don't need it. */
export interface TransportServices {
  /** The loop of the pipe: time, wake-ups and turns. */
  readonly loop: Loop
  /** Unpredictable bytes of the platform. */
  random(size: number): Uint8Array
}

/** How many links the process can hold. */
export interface LinkRoom {
  /** At most so many at once. */
  readonly capacity: number
  /** It holds as many already. */
  readonly isFull: boolean
  /** A link was destroyed, as there was no room and none to give up for it. */
  refused(): void
}

/**
 * A datagram that is none of the transport's own packets: of a stateless service beside the channels, such as a server's status. Where it says that it comes from is
 * not proven.
 */
export interface StrayDatagram {
  /** What came. The handler's to keep. */
  readonly bytes: Uint8Array
  readonly host: string
  readonly port: number
  /**
   * Sends bytes back. All replies to one datagram together are no larger than it was, so that they can't flood a forged address: `too-large` is not sent. A service
   * with larger replies asks for padding in the request.
   */
  reply(bytes: Uint8Array): 'sent' | 'too-large'
}

/** What a listening transport tells. */
export interface ListenerOwner {
  /**
   * A peer connected. `room`: how many links the process can hold, if the transport knows. When it is full, another link is given up for this one,
   * or this one is destroyed and the room is told.
   */
  accepted(link: Link, room?: LinkRoom): void
  /**
   * Whether a link from this address would find room now, or another one would be cut for it that is as good. For transports where peers ask again by themselves: those that find none
   * wait for their turn.
   */
  hasRoom?(peerAddress: string): boolean
  /** A datagram came that is no packet of a channel. */
  datagram?(datagram: StrayDatagram): void
  /** Listening goes on, but something went wrong: a connection that could not be taken. */
  failed(error: unknown): void
}

/** A bound address. */
export interface Listener {
  readonly address: Address
  /** What came to its socket, for transports over datagrams. */
  packets?(): PacketStatistics
  /** Takes no more connections, and resolves when the address is free again. Open links stay; where they keep the address, it resolves at once. */
  close(): Promise<void>
  /** After `close`, where open links keep the address: resolves when the last of them has given it back. */
  released?(): Promise<void>
}

/**
 * Moves bytes. One object a pipe: it holds the pipe's own settings, such as no-delay, which users reach by
 * `pipe.getProto().as(Tcp)`.
 */
export interface StreamTransport {
  readonly carries: 'bytes'
  /** The default of `handshakeTimeoutMs` over this transport, where 2,000 are too few: what a peer says must be heard in this time although packets are lost. */
  readonly handshakeTimeoutMs?: number | undefined
  /** Rejects with a MillraceError, or with the system's error: that of a taken address has the code `EADDRINUSE`. */
  listen(address: Address, owner: ListenerOwner): Promise<Listener>
  /** Resolves with a link that is connected, or rejects. Gives up when the signal is aborted. */
  connect(address: Address, signal?: CancelSignal): Promise<Link>
}

/** Messages pass between pipes of one process as they are: no link, no bytes. */
export interface LocalTransport {
  readonly carries: 'messages'
}

/** What a datagram socket tells. */
export interface DatagramOwner {
  /** A datagram came in. Its bytes are the owner's now. */
  received(bytes: Uint8Array, from: Address): void
  /** The socket goes on, but something went wrong. */
  failed(error: unknown): void
}

/** A socket for datagrams, with no peer of its own. */
export interface DatagramSocket {
  readonly address: Address
  /** Sends one datagram; it is copied or gone when the call returns. Nothing says whether it arrived. */
  send(bytes: Uint8Array, to: Address): void
  close(): Promise<void>
}

/** Moves datagrams. */
export interface DatagramTransport {
  readonly carries: 'datagrams'
  /** Opens a socket: at the address to be found there, or at any to talk to it. */
  socket(role: 'bind' | 'open', address: Address, owner: DatagramOwner): Promise<DatagramSocket>
}

/** What moves bytes, datagrams or messages for one pipe. */
export type Transport = StreamTransport | LocalTransport | DatagramTransport

/**
 * What a transport package hands to the factory. `Fields` is what an address is made of, by name, `Words` the same by position:
 * `TransportPlugin<{ host: string; port: number }, [host: string, port: number]>`. The compiler checks `create` and `bind` by them.
 *
 * An address has three forms, and this is where all of them are read. No field may be named `transport`, `protocol` or as an option of
 * pipes, since the object form holds them side by side.
 */
export interface TransportPlugin<
  Fields extends object = object,
  Words extends readonly (string | number)[] = readonly (string | number)[],
> {
  readonly kind: 'transport'
  /** All that makes it what it is, in words for people, such as `tcp`: see `Protocol.identity`. */
  identity?(): string | undefined
  /** The fields that the positional form gives, in its order: `['host', 'port']`. Fields that may be missing are not among them. */
  readonly addressFields: readonly string[]
  /**
   * Makes an address of its fields, which come from the program as they are: check them. `name`: the registered name. Throws
   * `address-invalid`, which says what would be right.
   */
  address(name: string, fields: Fields): Address
  /**
   * Makes an address of what stands behind `name://` in a URL. Reads what this transport writes into `Address.text`. Throws
   * `address-invalid`, which says what would be right.
   */
  parse(name: string, text: string): Address
  /** Whether a channel opened to `wanted` would reach the pipe that is bound at `bound`. */
  matches(wanted: Address, bound: Address): boolean
  /** Makes the transport of one pipe. */
  create(services: TransportServices): Transport
  /** Never set: for the compiler. */
  readonly words?: Words
}
