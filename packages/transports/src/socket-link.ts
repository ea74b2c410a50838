import type { Socket } from 'node:net'
import type { SegmentBatch } from '@millrace/buffer'
import type { Link, LinkOwner } from '@millrace/core'
import { nodeLoop } from './node-loop.ts'
import { PieceQueue } from './piece-queue.ts'

const nothing = new Uint8Array(0)

/**
 * The bytes of one write while the system doesn't take all at once: a peer that takes so many within `stallTimeoutMs` is no slow reader. More to one
 * that took the last piece within `quickMs`.
 */
const pieceSize = 65_536
const quickPieceSize = 4 * pieceSize
const quickMs = 20

/** A batch of more bytes than this is written in pieces in any case. */
const wholeSizeMax = 2 * pieceSize

/** Where a socket has its link: the listeners are the same functions for all, as functions of its own would be a tenth of what a quiet channel weighs. */
const own = Symbol('link')

type OwnSocket = Socket & { [own]: SocketLink }

let listeners: {
  readonly failed: (this: OwnSocket, error: Error) => void
  readonly received: (this: OwnSocket, chunk: Buffer) => void
  readonly ended: (this: OwnSocket) => void
  readonly closed: (this: OwnSocket) => void
}

/**
 * A socket of `node:net` as a link: `tcp` and `ipc` share it, and so may a transport of your own over `node:tls`. One gather write a batch;
 * its memory goes back when the system took it. The link owns the socket: it listens to its events and destroys it.
 */
export class SocketLink implements Link {
  readonly peerAddress: string | undefined
  readonly #socket: Socket
  readonly #description: string | ((socket: Socket) => string)
  #owner: LinkOwner | undefined
  #error: unknown
  /** Batches that the system has not taken yet, in the order in which it was asked to: the first, and more if there are. */
  #first: SegmentBatch | undefined
  #more: SegmentBatch[] | undefined
  /** What stands behind those, while the system doesn't take all at once. */
  #pieces: PieceQueue | undefined
  #pieceSize = pieceSize
  #isEnding = false

  static {
    listeners = {
      failed(error) {
        this[own].#error = error
      },
      received(chunk) {
        this[own].#owner?.received(chunk, 'given')
      },
      ended() {
        this[own].#owner?.ended()
      },
      closed() {
        this[own].#gone()
      },
    }
  }

  /**
   * `description`: for `describe()`, such as `tls://192.0.2.1:7777`; a function makes it when it is asked for, so that a quiet channel holds no text of its own.
   * The socket is connected and not read yet.
   */
  constructor(socket: Socket, description: string | ((socket: Socket) => string)) {
    this.#socket = socket
    this.#description = description
    // A socket that takes both kinds of addresses writes IPv4 ones as IPv6: one peer would have two.
    this.peerAddress = socket.remoteAddress?.replace(/^::ffff:(?=\d+\.)/i, '')
    const owned = Object.assign(socket, { [own]: this })
    owned.on('error', listeners.failed)
  }

  start(owner: LinkOwner): void {
    this.#owner = owner
    const socket = this.#socket
    socket.on('data', listeners.received)
    socket.on('end', listeners.ended)
    socket.on('close', listeners.closed)
    // A link that died before it was started has nothing more to tell by itself.
    if (socket.destroyed) nodeLoop.nextTurn(() => this.#gone())
  }

  /** Bytes of a buffer that the next read overwrites. For sockets that were made with `onread`. */
  read(bytes: Uint8Array): void {
    this.#owner?.received(bytes, 'lent')
  }

  send(batch: SegmentBatch, report?: 'unless-left'): 'left' | 'waits' {
    const socket = this.#socket
    const { segments } = batch
    if (socket.destroyed || segments.length === 0) {
      batch.release()
      return 'left'
    }
    if (batch.size > wholeSizeMax || socket.writableLength > 0 || this.#pieces?.isWaiting)
      return this.#queue(batch)
    if (report === 'unless-left' && segments.length === 1) {
      // A callback costs Node a tick of its own; without one, `writableLength` says whether the system took all at once.
      socket.write(segments[0])
      if (socket.writableLength > 0) return this.#await(batch, nothing)
      batch.release()
      return 'left'
    }
    const last = segments.length - 1
    socket.cork()
    for (let index = 0; index < last; index++) socket.write(segments[index])
    this.#await(batch, segments[last])
    socket.uncork()
    return 'waits'
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  end(): void {
    this.#isEnding = true
    if (!this.#pieces?.isWaiting) this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  describe(): string {
    return typeof this.#description === 'string' ? this.#description : this.#description(this.#socket)
  }

  /** Lets a batch leave in pieces, behind all others. */
  #queue(batch: SegmentBatch): 'waits' {
    this.#pieces ??= new PieceQueue()
    this.#pieces.push(batch)
    this.#writePieces(this.#pieces)
    return 'waits'
  }

  /** Writes pieces until the system takes no more. What it has not taken calls this again when it has left. */
  #writePieces(pieces: PieceQueue): void {
    const socket = this.#socket
    while (pieces.isWaiting && socket.writableLength === 0 && !socket.destroyed) {
      const now = nodeLoop.now()
      const parts = pieces.take(this.#pieceSize)
      let size = 0
      for (const { length } of parts) size += length
      const last = parts.pop()
      socket.cork()
      for (const part of parts) socket.write(part)
      socket.write(last!, (error) => this.#pieceWritten(size, now, error))
      socket.uncork()
      if (this.#isEnding && !pieces.isWaiting) socket.end()
    }
  }

  #pieceWritten(size: number, since: number, error: Error | null | undefined): void {
    const pieces = this.#pieces
    if (pieces === undefined || (error !== undefined && error !== null)) return
    this.#pieceSize = nodeLoop.now() - since < quickMs ? quickPieceSize : pieceSize
    pieces.left(size)
    this.#owner?.sent(size)
    this.#writePieces(pieces)
  }

  /** Writes the last bytes of a batch, and keeps it until they have left. */
  #await(batch: SegmentBatch, bytes: Uint8Array): 'waits' {
    if (this.#first === undefined) this.#first = batch
    else if (this.#more === undefined) this.#more = [batch]
    else this.#more.push(batch)
    this.#socket.write(bytes, this.#written)
    return 'waits'
  }

  /** Node calls it once a batch, in the order of the writes; with an error when the socket is gone. */
  readonly #written = (error?: Error | null): void => {
    const batch = this.#first
    if (batch === undefined) return
    this.#first = this.#more?.shift()
    if (this.#more?.length === 0) this.#more = undefined
    const { size } = batch
    batch.release()
    if (error !== undefined && error !== null) return
    this.#owner?.sent(size)
    if (this.#pieces !== undefined) this.#writePieces(this.#pieces)
  }

  #gone(): void {
    const owner = this.#owner
    if (owner === undefined) return
    this.#owner = undefined
    this.#first?.release()
    for (const batch of this.#more ?? []) batch.release()
    this.#first = this.#more = undefined
    this.#pieces?.release()
    this.#pieces = undefined
    owner.gone(this.#error)
  }
}
