/**
 * How the arguments of `create` and `bind` follow from what a factory has registered: `Transports` maps names to plug-ins, `Protocols` names
 * to messages.
 */
import type { PipeOptions } from './pipe-options.ts'

/** Any message under any key: what a pipe speaks that was told no protocol with types. */
// biome-ignore lint/suspicious/noExplicitAny: bodies of unknown messages may be anything, to read as well as to send
export type AnyMessages = Record<string, any>

/** The messages of a registered protocol. */
export type MessagesBy<Protocols extends object, Name> = Name extends keyof Protocols
  ? Protocols[Name] extends object
    ? Protocols[Name]
    : AnyMessages
  : AnyMessages

/** What an address of a transport is made of: `{ host: string; port: number }`. */
type FieldsOf<Plugin> = Plugin extends { address(name: string, fields: infer Fields): unknown }
  ? Fields
  : never

/** The same by position: `[host: string, port: number]`. */
export type WordsOf<Plugin> = Plugin extends { readonly words?: infer Words }
  ? NonNullable<Words> extends readonly unknown[]
    ? NonNullable<Words>
    : never
  : never

/** The names of the transports with so many words in their addresses. */
export type NamesByCount<Transports extends object, Count> = {
  [Name in keyof Transports & string]: WordsOf<Transports[Name]>['length'] extends Count ? Name : never
}[keyof Transports & string]

/** An address of a registered transport as one text. */
export type UrlOf<Transports extends object> = `${keyof Transports & string}://${string}`

/** The protocol that may be left out, in factories that have it. */
export type DefaultName<Protocols> = 'msgpack' extends keyof Protocols ? 'msgpack' : never

/** What follows the address: a protocol, and more. */
export type Speaks<Protocols, Name, More extends readonly unknown[] = []> = 'msgpack' extends keyof Protocols
  ? [protocol?: Name, ...more: More]
  : [protocol: Name, ...more: More]

/** A protocol by name, in the object form. */
type Spoken<Protocols, Name> = 'msgpack' extends keyof Protocols
  ? { readonly protocol?: Name }
  : { readonly protocol: Name }

/** A transport, an address and a protocol by names alone. */
export type TargetOf<Transports extends object, Protocols, Name> = {
  [Transport in keyof Transports & string]: { readonly transport: Transport } & FieldsOf<
    Transports[Transport]
  >
}[keyof Transports & string] &
  Spoken<Protocols, Name>

/** All arguments behind the first one, whatever that is. */
export type Rest<
  Transports extends object,
  Protocols extends object,
  Where,
  More extends readonly unknown[] = [],
> = Where extends keyof Transports
  ? [...WordsOf<Transports[Where]>, ...Speaks<Protocols, keyof Protocols & string, More>]
  : Speaks<Protocols, keyof Protocols & string, More>

/** What `create` takes behind the protocol. */
export type WithOptions = [options?: PipeOptions]
