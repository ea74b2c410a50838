import { SimError } from '../base/sim-error.ts'
import type { NetemProxy, ProxyOptions } from './proxy-options.ts'
import { TcpProxy } from './tcp-proxy.ts'
import { UdpProxy } from './udp-proxy.ts'

/**
 * Opens a proxy. Rejects with `argument-invalid` or `address-invalid`, or with the system's error, such as that with the code `EADDRINUSE`.
 *
 * Datagrams and bytes are carried as they are, whatever the program: Millrace's own, or any other.
 */
export async function openProxy(options: ProxyOptions): Promise<NetemProxy> {
  const { listen, to, net, seed, clientsMax = 1024, idleMs = 60_000, onFailure = () => {} } = options
  const [kind, other] = [schemeOf('listen', listen), schemeOf('to', to)]
  if (kind !== other)
    throw new SimError('argument-invalid', `a proxy listens for what it hands on; got ${listen} and ${to}`)
  if (!Number.isInteger(clientsMax) || clientsMax < 1)
    throw new SimError('argument-invalid', `clientsMax is a whole number from 1; got ${String(clientsMax)}`)
  if (!(idleMs > 0))
    throw new SimError('argument-invalid', `idleMs is a number above 0; got ${String(idleMs)}`)
  const settings = { listen, to, net, seed, clientsMax, idleMs, onFailure }
  return kind === 'tcp' ? await TcpProxy.open(settings) : await UdpProxy.open(settings)
}

function schemeOf(name: string, address: string): 'tcp' | 'udp' {
  const scheme = /^(tcp|udp):\/\//.exec(address)?.[1]
  if (scheme === 'tcp' || scheme === 'udp') return scheme
  throw new SimError(
    'argument-invalid',
    `${name} is an address such as udp://127.0.0.1:7777 or tcp://127.0.0.1:7777; got ${address}`,
  )
}
