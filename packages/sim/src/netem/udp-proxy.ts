import type { PacketSocket } from '@millrace/core'
import type { Wake } from '@millrace/timer'
import { NodePackets } from '@millrace/transports/node-packets'
import { nodeLoop } from '@millrace/transports/node-platform'
import { type UdpAddress, udp } from '@millrace/transports/udp'
import type { Net } from '../net/presets.ts'
import { type BadPackets, netemPackets } from './bad-packets.ts'
import {
  type ClientCounts,
  checkServer,
  type NetemProxy,
  type ProxySettings,
  type ProxyStatistics,
  placeOf,
} from './proxy-options.ts'

/** What may wait while the socket to the server is being opened, for each client, in bytes. */
const waitingBytesMax = 262_144

interface Client {
  readonly host: string
  readonly port: number
  /** Undefined while it is being opened; what came meanwhile waits. */
  socket: PacketSocket | undefined
  readonly waiting: Uint8Array[]
  waitingBytes: number
  heardAt: number
  isGone: boolean
}

/** A proxy for datagrams: for each client a socket to the server. The network is bad on the clients' side. */
export class UdpProxy implements NetemProxy {
  readonly #settings: ProxySettings
  readonly #good = new NodePackets()
  readonly #bad: BadPackets
  readonly #server: { readonly host: string; readonly port: number }
  readonly #clients = new Map<string, Client>()
  /** Sockets that are being opened or closed. */
  readonly #busy = new Set<Promise<void>>()
  readonly #counts: ClientCounts = { clientsSeen: 0, refused: 0, unreachable: 0 }
  #listening: PacketSocket | undefined
  #address: string
  #isClosed = false
  #sweep: Wake | undefined

  private constructor(settings: ProxySettings, server: { host: string; port: number }) {
    this.#settings = settings
    this.#server = server
    this.#address = settings.listen
    this.#bad = netemPackets(this.#good, settings.net, { seed: settings.seed })
  }

  static async open(settings: ProxySettings): Promise<UdpProxy> {
    const { parse } = udp()
    const wanted = parse('udp', placeOf(settings.listen)) as UdpAddress
    const server = checkServer(parse('udp', placeOf(settings.to)) as UdpAddress)
    const packets = new NodePackets()
    const proxy = new UdpProxy(settings, { host: await packets.resolve(server.host), port: server.port })
    const host = await packets.resolve(wanted.host)
    const listening = await proxy.#bad.open(
      { host, port: wanted.port },
      {
        received: (bytes, from, port) => proxy.#received(bytes, from, port),
        failed: (error) => settings.onFailure(error),
      },
    )
    proxy.#listening = listening
    proxy.#address = wanted.text.replace(/\d+$/, String(listening.port))
    proxy.#sweepLater()
    return proxy
  }

  get address(): string {
    return this.#address
  }

  statistics(): ProxyStatistics {
    const { outgoing, incoming } = this.#bad.statistics()
    return { clients: this.#clients.size, ...this.#counts, toServer: incoming, toClients: outgoing }
  }

  setNet(net: Net): void {
    this.#bad.setNet(net)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#sweep?.cancel()
    for (const [key, client] of this.#clients) this.#forget(key, client)
    await this.#listening?.close()
    await Promise.all(this.#busy)
  }

  #received(bytes: Uint8Array, host: string, port: number): void {
    const key = `${port} ${host}`
    const client = this.#clients.get(key) ?? this.#added(key, host, port)
    if (client === undefined) return
    client.heardAt = nodeLoop.now()
    if (client.socket !== undefined) return this.#pass(client.socket, bytes)
    client.waitingBytes += bytes.length
    if (client.waitingBytes <= waitingBytesMax) client.waiting.push(new Uint8Array(bytes))
    else this.#counts.unreachable++
  }

  #pass(socket: PacketSocket, bytes: Uint8Array): void {
    const { host, port } = this.#server
    socket.send(bytes, 0, bytes.length, port, host)
  }

  #added(key: string, host: string, port: number): Client | undefined {
    if (this.#isClosed || this.#clients.size >= this.#settings.clientsMax) {
      this.#counts.refused++
      return undefined
    }
    this.#counts.clientsSeen++
    const client: Client = {
      host,
      port,
      socket: undefined,
      waiting: [],
      waitingBytes: 0,
      heardAt: 0,
      isGone: false,
    }
    this.#clients.set(key, client)
    this.#wait(this.#open(key, client))
    return client
  }

  async #open(key: string, client: Client): Promise<void> {
    try {
      const host = this.#server.host.includes(':') ? '::' : '0.0.0.0'
      const socket = await this.#good.open(
        { host, port: 0, peer: this.#server },
        {
          received: (bytes) => this.#answered(client, bytes),
          failed: (error) => this.#settings.onFailure(error),
        },
      )
      if (client.isGone) return await socket.close()
      client.socket = socket
      for (const bytes of client.waiting.splice(0)) this.#pass(socket, bytes)
    } catch (error) {
      this.#counts.unreachable += client.waiting.length
      this.#forget(key, client)
      this.#settings.onFailure(error)
    }
  }

  #answered(client: Client, bytes: Uint8Array): void {
    if (client.isGone) return
    client.heardAt = nodeLoop.now()
    this.#listening?.send(bytes, 0, bytes.length, client.port, client.host)
  }

  #forget(key: string, client: Client): void {
    client.isGone = true
    this.#clients.delete(key)
    if (client.socket !== undefined) this.#wait(client.socket.close())
  }

  #wait(promise: Promise<void>): void {
    this.#busy.add(promise)
    promise.finally(() => this.#busy.delete(promise))
  }

  #sweepLater(): void {
    const { idleMs } = this.#settings
    this.#sweep = nodeLoop.wakeAt(nodeLoop.now() + idleMs / 2, () => {
      const oldest = nodeLoop.now() - idleMs
      for (const [key, client] of this.#clients) if (client.heardAt < oldest) this.#forget(key, client)
      this.#sweepLater()
    })
  }
}
