import { createSocket, type Socket } from 'node:dgram'
import { type PathConditions, PathModel } from './path-model.ts'

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

  static async open(serverPort: number, conditions: PathConditions): Promise<LossyPath> {
    const [front, back] = await Promise.all([bound(), bound()])
    let clientPort = 0
    const up = new Direction(new PathModel(conditions, conditions.seed), (bytes) =>
      back.send(bytes, serverPort, '127.0.0.1'),
    )
    const down = new Direction(new PathModel(conditions, conditions.seed + 1), (bytes) =>
      front.send(bytes, clientPort, '127.0.0.1'),
    )
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

/** What is on its way in one direction, in the order in which it arrives. */
class Direction {
  readonly #model: PathModel
  readonly #deliver: (bytes: Buffer) => void
  readonly #underWay: Carry[] = []
  #timer: NodeJS.Timeout | undefined
  #wakesAt = Number.POSITIVE_INFINITY

  constructor(model: PathModel, deliver: (bytes: Buffer) => void) {
    this.#model = model
    this.#deliver = deliver
  }

  carry(bytes: Buffer): void {
    const now = performance.now()
    for (const at of this.#model.carry(bytes.length, now)) {
      const before = this.#underWay.findLastIndex((carry) => carry.at <= at)
      this.#underWay.splice(before + 1, 0, { at, bytes })
    }
    this.#wait(now)
  }

  /** What is under way never arrives. */
  stop(): void {
    clearTimeout(this.#timer)
    this.#wakesAt = Number.NEGATIVE_INFINITY
    this.#underWay.length = 0
  }

  #wait(now: number): void {
    const at = this.#underWay[0]?.at ?? Number.POSITIVE_INFINITY
    if (at >= this.#wakesAt) return
    clearTimeout(this.#timer)
    this.#wakesAt = at
    this.#timer = setTimeout(() => this.#arrive(), Math.max(0, at - now))
  }

  #arrive(): void {
    const now = performance.now()
    this.#wakesAt = Number.POSITIVE_INFINITY
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
