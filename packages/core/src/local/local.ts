import { MillraceError } from '../base/millrace-error.ts'
import type { Address, TransportPlugin } from '../ports/transport.ts'

/**
 * The transport `local`: pipes of one factory find each other by name. Messages pass as the objects they are: nothing is copied or
 * encoded, and there is no link. `factory.add('local', local())`.
 */
export function local(): TransportPlugin {
  return {
    kind: 'transport',
    addressLength: 1,
    address: localAddress,
    reaches: (wanted, bound) => wanted.text === bound.text,
    create: () => ({ carries: 'messages' }),
  }
}

function localAddress(name: string, [place]: readonly (string | number)[]): Address {
  if (typeof place === 'string' && place !== '') return { text: `${name}://${place}` }
  throw new MillraceError('address-invalid', `${name} wants a name, such as 'lobby'; got ${String(place)}`)
}
