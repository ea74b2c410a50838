import type { TcpSocket } from './tcp-socket.ts'

/** The sockets of a host by their two ends. Asked for each segment: it makes no text of them. */
export class SocketTable {
  readonly #byPorts = new Map<number, TcpSocket[]>()

  find(localHost: string, localPort: number, remoteHost: string, remotePort: number): TcpSocket | undefined {
    const sockets = this.#byPorts.get(localPort * 65_536 + remotePort)
    if (sockets === undefined) return undefined
    for (const socket of sockets)
      if (socket.ends.remoteHost === remoteHost && socket.ends.localHost === localHost) return socket
    return undefined
  }

  add(socket: TcpSocket): void {
    const key = keyOf(socket)
    const sockets = this.#byPorts.get(key)
    if (sockets === undefined) this.#byPorts.set(key, [socket])
    else sockets.push(socket)
  }

  delete(socket: TcpSocket): void {
    const key = keyOf(socket)
    const left = (this.#byPorts.get(key) ?? []).filter((other) => other !== socket)
    if (left.length === 0) this.#byPorts.delete(key)
    else this.#byPorts.set(key, left)
  }

  *values(): Iterable<TcpSocket> {
    for (const sockets of this.#byPorts.values()) yield* sockets
  }

  clear(): void {
    this.#byPorts.clear()
  }
}

function keyOf({ ends }: TcpSocket): number {
  return ends.localPort * 65_536 + ends.remotePort
}
