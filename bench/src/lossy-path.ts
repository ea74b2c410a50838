import { createSocket, type Socket } from 'node:dgram'
import { randomNumbers } from './random.ts'

/** What a path does to packets, in each direction. The same seed loses the same ones. */
export type PathModel = {
  /** Of 32 bits, not few of them: small ones begin with small numbers. */
  readonly seed: number
  /** Of 1. */
  readonly loss: number
  /** One way. */
  readonly delayMs: number
  readonly bytesPerMs: number
  /** What waits for its turn at most, in bytes: more is lost. */
  readonly queueBytes: number
  /** Larger packets are lost, in bytes. */
  readonly packetSizeMax: number
}

type Carry = { readonly at: number; readonly bytes: Buffer }

/** A proxy for datagrams between one client and a server of this machine: what comes to its port goes on to the server's, and back, as the model says. */
export class LossyPath {
  readonly #front: Socket
  readonly #back: Socket
  readonly #directions: readonly Direction[]

  private constructor(front: Socket, back: Socket, directions: readonly Direction[]) {
    this.#front = front
    this.#back = back
    this.#directions = directions
  }

  static async open(serverPort: number, model: PathModel): Promise<LossyPath> {
    const [front, back] = await Promise.all([bound(), bound()])
    let clientPort = 0
    const up = new Direction(model, model.seed, (bytes) => back.send(bytes, serverPort, '127.0.0.1'))
    const down = new Direction(model, model.seed + 1, (bytes) => front.send(bytes, clientPort, '127.0.0.1'))
    front.on('message', (bytes, { port }) => {
      clientPort = port
      up.carry(bytes)
    })
    back.on('message', (bytes) => down.carry(bytes))
    return new LossyPath(front, back, [up, down])
  }

  /** Where the client finds the server. */
  get port(): number {
    return this.#front.address().port
  }

  close(): void {
    for (const direction of this.#directions) direction.stop()
    this.#front.close()
    this.#back.close()
  }
}

/** A queue that drains at the path's rate, and then the way. */
class Direction {
  readonly #model: PathModel
  readonly #next: () => number
  readonly #deliver: (bytes: Buffer) => void
  readonly #underWay: Carry[] = []
  #freeAt = 0
  #timer: NodeJS.Timeout | undefined

  constructor(model: PathModel, seed: number, deliver: (bytes: Buffer) => void) {
    this.#model = model
    this.#next = randomNumbers(seed)
    this.#deliver = deliver
  }

  carry(bytes: Buffer): void {
    const { loss, delayMs, bytesPerMs, queueBytes, packetSizeMax } = this.#model
    const now = performance.now()
    const isLost = this.#next() < loss * 2 ** 32
    const waitsMs = Math.max(0, this.#freeAt - now)
    if (isLost || bytes.length > packetSizeMax || waitsMs * bytesPerMs + bytes.length > queueBytes) return
    this.#freeAt = now + waitsMs + bytes.length / bytesPerMs
    this.#underWay.push({ at: this.#freeAt + delayMs, bytes })
    this.#wait(now)
  }

  /** What is under way never arrives. */
  stop(): void {
    clearTimeout(this.#timer)
    this.#underWay.length = 0
  }

  #wait(now: number): void {
    if (this.#timer !== undefined || this.#underWay.length === 0) return
    this.#timer = setTimeout(() => this.#arrive(), Math.max(0, this.#underWay[0].at - now))
  }

  #arrive(): void {
    const now = performance.now()
    this.#timer = undefined
    const index = this.#underWay.findIndex(({ at }) => at > now)
    const due = this.#underWay.splice(0, index < 0 ? this.#underWay.length : index)
    for (const { bytes } of due) this.#deliver(bytes)
    this.#wait(now)
  }
}

async function bound(): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', lookup: (host, _options, callback) => callback(null, host, 4) })
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  socket.setRecvBufferSize(4 * 1024 * 1024)
  // A worker that has ended says so by an error.
  socket.on('error', () => undefined)
  return socket
}
