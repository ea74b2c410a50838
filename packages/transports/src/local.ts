import { type Address, MillraceError, type TransportPlugin } from '@millrace/core'

/**
 * The transport `local`: pipes of one process, found by name. Messages pass as the objects they are; there is no link
 * and no encoding. `protoFactory.add('local', local())`.
 */
export function local(): TransportPlugin {
  return {
    kind: 'transport',
    addressLength: 1,
    address: localAddress,
    reaches: (wanted, bound) => wanted.text === bound.text,
    create: () => new Local(),
  }
}

/** The local transport of one pipe. It has no settings. */
export class Local {
  readonly carries = 'messages'
}

function localAddress(name: string, [place]: readonly (string | number)[]): Address {
  if (typeof place === 'string' && place !== '') return { text: `${name}://${place}` }
  throw new MillraceError('address-invalid', `${name} wants a name, such as 'lobby'; got ${String(place)}`)
}
