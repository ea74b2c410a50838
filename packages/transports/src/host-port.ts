import { isIPv6 } from 'node:net'
import { type Address, MillraceError } from '@millrace/core'

/** What an address of a transport over IP is made of. */
export interface HostPort {
  /** A name, an IPv4 or an IPv6 address. */
  readonly host: string
  /** From 0 to 65,535. 0, for `bind` alone, lets the system choose. */
  readonly port: number
}

/** Where a pipe over IP binds or opens: `tcp://127.0.0.1:7777`, `udp://[::1]:7777`. */
export interface HostPortAddress extends Address, HostPort {
  readonly port: number
}

/** Makes an address of its fields, which come from the program as they are. Throws `address-invalid`. */
export function hostPortAddress(name: string, { host: given, port }: HostPort): HostPortAddress {
  const host = hostOf(given)
  if (host === undefined) {
    throw new MillraceError(
      'address-invalid',
      `${name} wants a host, such as '127.0.0.1', 'game.example' or '::1'; got ${String(given)}`,
    )
  }
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new MillraceError(
      'address-invalid',
      `${name} wants a port from 0 to 65535, a number; got ${String(port)}`,
    )
  }
  return { host, port, text: `${name}://${hostText(host)}:${port}` }
}

/** A host as it was given; an IPv6 address may stand in brackets, as in texts. */
function hostOf(given: unknown): string | undefined {
  if (typeof given !== 'string' || given === '') return undefined
  if (!given.startsWith('[') && !given.endsWith(']')) return given
  const inside = given.slice(1, -1)
  return given === `[${inside}]` && isIPv6(inside) ? inside : undefined
}

/** A host as it stands before a port. */
export function hostText(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}

/** Reads what stands behind `name://`. Throws `address-invalid`. */
export function parseHostPort(name: string, text: string): HostPortAddress {
  const parts = /^(\[[^\][]+\]|[^:\][]+):(\d+)$/.exec(text)
  if (parts !== null) return hostPortAddress(name, { host: parts[1], port: Number(parts[2]) })
  const right = `${name}://127.0.0.1:7777 or ${name}://[::1]:7777`
  throw new MillraceError(
    'address-invalid',
    `${name} wants host and port, such as ${right}; got ${name}://${text}`,
  )
}

/** The same address with another port: the one that the system chose. */
export function withPort({ host, text }: HostPortAddress, port: number): HostPortAddress {
  return { host, port, text: text.replace(/\d+$/, String(port)) }
}

const thisMachine = new Set(['127.0.0.1', '::1', 'localhost', '0.0.0.0', '::'])

/** Whether who opens `wanted` reaches what is bound at `bound`. */
export function matchesHostPort(wanted: HostPort, bound: HostPort): boolean {
  if (wanted.port !== bound.port) return false
  return wanted.host === bound.host || (thisMachine.has(wanted.host) && thisMachine.has(bound.host))
}
