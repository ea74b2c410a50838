import type { Random } from '../base/random.ts'
import { systemError } from '../base/system-error.ts'
import { loopback } from '../net/network.ts'
import type { Machine } from './machine.ts'

/** The ports that a system hands out by itself. */
const firstPort = 32_768
const lastPort = 60_999

/** One that is free, for port 0. Throws EADDRINUSE when there is none. */
export function freePort(random: Random, isTaken: (port: number) => boolean): number {
  const start = random.integer(firstPort, lastPort)
  for (let count = 0; count <= lastPort - firstPort; count++) {
    const port = firstPort + ((start - firstPort + count) % (lastPort - firstPort + 1))
    if (!isTaken(port)) return port
  }
  throw systemError('EADDRINUSE', 'no port is free')
}

/** Any of this machine's own addresses. */
export const anyAddress = '0.0.0.0'

/** The address that a program binds by this name or address. Throws the system's error if it isn't one of its own. */
export function ownAddress(machine: Machine, host: string): string {
  if (host === anyAddress || host === '::') return anyAddress
  const address = addressOf(machine, host)
  if (address === loopback || address === machine.station.address) return address
  throw systemError(
    'EADDRNOTAVAIL',
    `${host} is no address of ${machine.station.name}, which has ${machine.station.address}`,
  )
}

/** The address of a host by its name; an address as it is. Throws ENOTFOUND. */
export function addressOf(machine: Machine, host: string): string {
  if (host === 'localhost' || host === '::1' || host === anyAddress || host === '::') return loopback
  if (/^[\d.]+$/.test(host) || host.includes(':')) return host
  const station = machine.network.stationNamed(host)
  if (station === undefined) throw systemError('ENOTFOUND', `${host} is no host of this world`)
  return station.address
}
