/** A man in the middle: passes on what two sides say, reads along, and changes what it is told to. Knows no keys. */
import { connect, createServer, type Server, type Socket } from 'node:net'
import { freePlace, type Place } from './place.ts'

/** What becomes of a piece that the opening side sent: other bytes, or `cut` for an end of the connection in its stead. */
export type Change = (bytes: Buffer) => Buffer | 'cut'

const pieceTimeoutMs = 1000

export class Meddler {
  /** Where the opening side goes in place of the accepting one. */
  readonly place: Place
  /** Everything that came by, from both sides. */
  readonly seen: Buffer[] = []
  readonly #server: Server
  readonly #sockets: Socket[] = []
  #passed: () => void = () => {}
  #change: Change | undefined

  private constructor(server: Server, place: Place) {
    this.#server = server
    this.place = place
  }

  /** Listens at a place of its own, and connects to `target` for each peer that comes. */
  static async start(target: Place): Promise<Meddler> {
    const server = createServer({ allowHalfOpen: true })
    const free = freePlace(target.transport)
    const where = free.transport === 'tcp' ? { port: 0, host: '127.0.0.1' } : { path: free.path }
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(where, resolve)
    })
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const meddler = new Meddler(server, free.transport === 'tcp' ? { ...free, port } : free)
    server.on('connection', (near) => meddler.#join(near, target))
    return meddler
  }

  /** Changes the next piece of the opening side, or lets it pass. Resolves when it has, or when none came for a second. */
  next(change: Change | undefined): Promise<void> {
    this.#change = change
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, pieceTimeoutMs)
      this.#passed = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #join(near: Socket, target: Place): void {
    const where =
      target.transport === 'tcp' ? { port: target.port, host: '127.0.0.1' } : { path: target.path }
    const far = connect({ ...where, allowHalfOpen: true })
    this.#sockets.push(near, far)
    near.on('data', (bytes: Buffer) => this.#pass(bytes, far))
    far.on('data', (bytes: Buffer) => {
      this.seen.push(bytes)
      near.write(bytes)
    })
    // An end is passed on as an end even if it was an error, and the rest is still read: so the ends report what they do, not what is lost here.
    for (const [from, to] of [
      [near, far],
      [far, near],
    ]) {
      from.on('error', () => {})
      from.on('end', () => to.end())
      from.on('close', () => to.end())
    }
  }

  #pass(bytes: Buffer, far: Socket): void {
    this.seen.push(bytes)
    const change = this.#change
    this.#change = undefined
    const changed = change === undefined ? bytes : change(Buffer.from(bytes))
    if (far.writable) {
      if (changed === 'cut') far.end()
      else far.write(changed)
    }
    this.#passed()
  }
}
