import { once } from 'node:events'
import { connect, type NetConnectOpts, type Socket } from 'node:net'

/** A socket that writes what it is told, and collects what comes. */
export class RawClient {
  readonly #socket: Socket
  #received = ''
  /** Resolves when the other side has ended, or the socket is gone. */
  readonly ended: Promise<void>

  private constructor(socket: Socket) {
    this.#socket = socket
    this.ended = new Promise((resolve) => {
      socket.on('end', resolve)
      socket.on('close', () => resolve())
    })
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => {
      this.#received += chunk.toString('latin1')
    })
  }

  /** Connects, or rejects. */
  static async open(options: NetConnectOpts): Promise<RawClient> {
    const socket = connect(options)
    await once(socket, 'connect')
    return new RawClient(socket)
  }

  /** Everything received so far, each byte one character. */
  get received(): string {
    return this.#received
  }

  write(text: string): void {
    this.#socket.write(text, 'latin1')
  }

  /** Resolves with everything received, as soon as that ends with `text`. */
  async until(text: string): Promise<string> {
    while (!this.#received.endsWith(text)) await once(this.#socket, 'data')
    return this.#received
  }

  /** Reads no more. */
  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  destroy(): void {
    this.#socket.destroy()
  }
}
