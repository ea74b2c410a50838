import { type AddressInfo, isIP } from 'node:net'
import { connect, createServer, type TLSSocket } from 'node:tls'
import { SocketLink } from '@millrace/transports/socket-link'
import type { Address, TcpAddress, TransportPlugin } from 'millrace'
import {
  type Link,
  type Listener,
  type ListenerOwner,
  type StreamTransport,
  type TcpFields,
  tcp,
} from 'millrace/extend'
import { benchKey } from './protection.ts'

const identity = 'bench'

/**
 * A transport over node:tls with a pre-shared key, so that the same frames go to the same decoder as Millrace's own: what differs is who seals.
 */
export function tls(ciphers: string): TransportPlugin<TcpFields, [host: string, port: number]> {
  const { address, parse } = tcp()
  return {
    kind: 'transport',
    addressFields: ['host', 'port'],
    address,
    parse,
    matches: () => false,
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
    const { host, port } = address as TcpAddress
    const server = createServer({ ...this.#suite, dhparam: 'auto', pskCallback: () => benchKey }, (socket) =>
      owner.accepted(linkOf(socket)),
    )
    server.on('tlsClientError', (error) => owner.failed(error))
    await new Promise<void>((resolve) => server.listen({ host, port }, resolve))
    const bound = server.address() as AddressInfo
    return {
      address: tcp().address('tls', { host, port: bound.port }),
      close: async () => {
        server.close()
      },
    }
  }

  async connect(address: Address): Promise<Link> {
    const { host, port } = address as TcpAddress
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
    return linkOf(socket)
  }
}

function linkOf(socket: TLSSocket): SocketLink {
  socket.setNoDelay(true)
  return new SocketLink(socket, `tls://${socket.remoteAddress}:${socket.remotePort}`)
}
