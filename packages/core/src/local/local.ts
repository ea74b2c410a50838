import { MillraceError } from '../base/millrace-error.ts'
import type { Address, TransportPlugin } from '../ports/transport.ts'
import { type OpenLocal, openLocal } from './local-opening.ts'

/** What an address of `local` is made of: any name that is not empty. */
export interface LocalFields {
  readonly place: string
}

/** What `local()` makes: a transport that brings the code of all local channels, so that a program without it doesn't carry that. */
export interface LocalPlugin extends TransportPlugin<LocalFields, [place: string]> {
  /** @internal For factories only. */
  readonly openLocal: OpenLocal
}

/**
 * The transport `local`: pipes of one factory find each other by name. Messages pass as the objects they are: nothing is copied or
 * encoded, and there is no link. `factory.add('local', local())`. A factory that has it can `open('local')` on all of its pipes.
 */
export function local(): LocalPlugin {
  return {
    kind: 'transport',
    openLocal,
    identity: () => 'local',
    addressFields: ['place'],
    address: (name, { place }) => localAddress(name, place),
    parse: localAddress,
    matches: (wanted, bound) => wanted.text === bound.text,
    create: () => ({ carries: 'messages' }),
  }
}

/** What opens local channels, if the plug-in brings it. */
export function openLocalOf(plugin: TransportPlugin): OpenLocal | undefined {
  return (plugin as Partial<LocalPlugin>).openLocal
}

function localAddress(name: string, place: unknown): Address {
  if (typeof place === 'string' && place !== '') return { text: `${name}://${place}` }
  throw new MillraceError('address-invalid', `${name} wants a name, such as 'lobby'; got ${String(place)}`)
}
