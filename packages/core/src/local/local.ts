import { MillraceError } from '../base/millrace-error.ts'
import type { Address, TransportPlugin } from '../ports/transport.ts'

/** What an address of `local` is made of: any name that is not empty. */
export interface LocalFields {
  readonly place: string
}

/**
 * The transport `local`: pipes of one factory find each other by name. Messages pass as the objects they are: nothing is copied or
 * encoded, and there is no link. `factory.add('local', local())`.
 */
export function local(): TransportPlugin<LocalFields, [place: string]> {
  return {
    kind: 'transport',
    addressFields: ['place'],
    address: (name, { place }) => localAddress(name, place),
    parse: localAddress,
    matches: (wanted, bound) => wanted.text === bound.text,
    create: () => ({ carries: 'messages' }),
  }
}

function localAddress(name: string, place: unknown): Address {
  if (typeof place === 'string' && place !== '') return { text: `${name}://${place}` }
  throw new MillraceError('address-invalid', `${name} wants a name, such as 'lobby'; got ${String(place)}`)
}
