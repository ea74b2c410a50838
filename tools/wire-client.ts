/** The peer of docs/WIRE.md on a real socket. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { cutFrame, type FixedSizes, type Frame } from './wire-peer.ts'

/** A connection that sends bytes and reads frames. */
export class WireClient {
  readonly #socket: Socket
  #bytes: Buffer = Buffer.alloc(0)
  #hasEnded = false

  readonly #fixedSizes: FixedSizes
  #wake: () => void = () => {}

  private constructor(socket: Socket, fixedSizes: FixedSizes) {
    this.#socket = socket
    this.#fixedSizes = fixedSizes
    const ended = () => {
      this.#hasEnded = true
      this.#wake()
    }
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk])
      this.#wake()
    })
    socket.on('end', ended)
    socket.on('close', ended)
  }

  static async connect(port: number, fixedSizes: FixedSizes = {}): Promise<WireClient> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
    await once(socket, 'connect')
    return new WireClient(socket, fixedSizes)
  }

  send(...frames: readonly Buffer[]): void {
    this.#socket.write(Buffer.concat(frames))
  }

  /** The next frame, or undefined at the end of the stream. Throws for a stream that ends inside a frame. */
  async next(): Promise<Frame | undefined> {
    for (;;) {
      const frame = cutFrame(this.#bytes, this.#fixedSizes)
      if (frame !== undefined) {
        this.#bytes = this.#bytes.subarray(frame.size)
        return frame
      }
      if (this.#hasEnded) {
        if (this.#bytes.length > 0) throw new Error(`${this.#bytes.length} bytes of a frame, then the end`)
        return undefined
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  /** All frames up to the end, or up to one that `isLast`. */
  async rest(isLast: (frame: Frame) => boolean = () => false): Promise<Frame[]> {
    const frames: Frame[] = []
    for (let frame = await this.next(); frame !== undefined; frame = await this.next()) {
      frames.push(frame)
      if (isLast(frame)) break
    }
    return frames
  }

  /** Ends this direction. */
  end(): void {
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }
}
