import { type AddressInfo, isIP } from 'node:net'
import { connect, createServer, type TLSSocket } from 'node:tls'
import type {
  Address,
  Link,
  LinkOwner,
  Listener,
  ListenerOwner,
  StreamTransport,
  TransportPlugin,
} from 'millrace'
import { benchKey } from './protection.ts'

type Batch = Parameters<Link['send']>[0]
type TlsAddress = Address & { readonly host: string; readonly port: number }

const identity = 'bench'

/**
 * A transport over node:tls with a pre-shared key, so that the same frames go to the same decoder as Millrace's own: what differs is who seals.
 */
export function tls(ciphers: string): TransportPlugin {
  return {
    kind: 'transport',
    addressLength: 2,
    address: (name, [host, port]) => addressOf(name, String(host), Number(port)),
    reaches: () => false,
    create: () => new Tls(ciphers),
  }
}

class Tls implements StreamTransport {
  readonly carries = 'bytes'
  readonly #suite: { readonly ciphers: string; readonly maxVersion: 'TLSv1.2' }

  constructor(ciphers: string) {
    this.#suite = { ciphers, maxVersion: 'TLSv1.2' }
  }

  async listen(address: Address, owner: ListenerOwner): Promise<Listener> {
    const { host, port } = address as TlsAddress
    const server = createServer({ ...this.#suite, dhparam: 'auto', pskCallback: () => benchKey }, (socket) =>
      owner.accepted(new TlsLink(socket)),
    )
    server.on('tlsClientError', (error) => owner.failed(error))
    await new Promise<void>((resolve) => server.listen({ host, port }, resolve))
    const bound = server.address() as AddressInfo
    return {
      address: addressOf('tls', host, bound.port),
      close: async () => {
        server.close()
      },
    }
  }

  async connect(address: Address): Promise<Link> {
    const { host, port } = address as TlsAddress
    const socket = connect({
      ...this.#suite,
      host,
      port,
      pskCallback: () => ({ psk: benchKey, identity }),
      checkServerIdentity: () => undefined,
      ...(isIP(host) === 0 ? { servername: host } : {}),
    })
    await new Promise<void>((resolve, reject) => {
      socket.once('secureConnect', resolve)
      socket.once('error', reject)
    })
    return new TlsLink(socket)
  }
}

class TlsLink implements Link {
  readonly #socket: TLSSocket

  constructor(socket: TLSSocket) {
    this.#socket = socket
    socket.setNoDelay(true)
  }

  start(owner: LinkOwner): void {
    const socket = this.#socket
    let failure: unknown
    socket.on('data', (bytes) => owner.received(bytes, 'given'))
    socket.on('end', () => owner.ended())
    socket.on('error', (error) => {
      failure = error
    })
    socket.on('close', () => owner.gone(failure))
    this.#sent = (size) => owner.sent(size)
  }

  #sent: (size: number) => void = () => undefined

  send(batch: Batch): 'waits' {
    const { segments, size } = batch
    this.#socket.cork()
    segments.forEach((segment, index) => {
      if (index < segments.length - 1) this.#socket.write(segment)
      else this.#socket.write(segment, () => this.#left(batch, size))
    })
    this.#socket.uncork()
    return 'waits'
  }

  #left(batch: Batch, size: number): void {
    batch.release()
    this.#sent(size)
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  end(): void {
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  describe(): string {
    return 'tls'
  }
}

function addressOf(name: string, host: string, port: number): TlsAddress {
  return { host, port, text: `${name}://${host}:${port}` }
}
