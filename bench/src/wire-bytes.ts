import { subscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import { isDeepStrictEqual } from 'node:util'
import { type Direction, type MixMessage, mixMessages } from './game-mix.ts'
import type { Measurement } from './scenario.ts'

/** What the workers of the scenario `bytes` are told. */
export type BytesOptions = { readonly direction: Direction; readonly messageCount: number }

/** Both ends of one connection within this process. */
export type Ends = {
  /** Sends one message in the direction that is measured. */
  send(message: MixMessage): void
  /** The bytes that a message has without its header. */
  bodySize(message: MixMessage): number
}

/** Messages sent before others get a turn: what a player is told in one tick. */
const messagesPerTurn = 8
const seed = 0x6d696c6c

/**
 * Sends the mix from one end of a connection to the other and counts what the receiving socket read meanwhile, so
 * that handshakes and hellos don't count. Make it before there are sockets.
 */
export class WireBytes {
  readonly messages: readonly MixMessage[]
  readonly #direction: Direction
  readonly #accepted: Socket[] = []
  readonly #connected: Socket[] = []
  #receivedCount = 0

  constructor({ direction, messageCount }: BytesOptions) {
    this.#direction = direction
    this.messages = mixMessages(direction, messageCount, seed)
    subscribe('net.server.socket', (event) => this.#accepted.push((event as { socket: Socket }).socket))
    subscribe('net.client.socket', (event) => this.#connected.push((event as { socket: Socket }).socket))
  }

  /** The receiving end tells each message. Throws for one that isn't the next. */
  received(key: string, body: unknown): void {
    const next = this.messages[this.#receivedCount++]
    if (next?.key === key && isDeepStrictEqual({ ...(body as object) }, next.body)) return
    throw new Error(`message ${this.#receivedCount} came as ${key} ${JSON.stringify(body)}`)
  }

  async measure({ send, bodySize }: Ends): Promise<Measurement> {
    const socket = this.#receivingSocket()
    const before = socket.bytesRead
    for (const [index, message] of this.messages.entries()) {
      send(message)
      if (index % messagesPerTurn === messagesPerTurn - 1) await nextTurn()
    }
    while (this.#receivedCount < this.messages.length) await nextTurn()
    const count = this.messages.length
    const wireBytes = (socket.bytesRead - before) / count
    const bodyBytes = this.messages.reduce((sum, message) => sum + bodySize(message), 0) / count
    return { wireBytes, bodyBytes, headerBytes: wireBytes - bodyBytes }
  }

  #receivingSocket(): Socket {
    const sockets = this.#direction === 'down' ? this.#connected : this.#accepted
    if (sockets.length !== 1) throw new Error(`there are ${sockets.length} receiving sockets instead of one`)
    return sockets[0]
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
