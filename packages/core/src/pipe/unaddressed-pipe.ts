import type { Pipe } from './pipe.ts'
import type {
  AnyMessages,
  DefaultName,
  FieldsOf,
  MessagesBy,
  NameByCount,
  Rest,
  Speaks,
  Spoken,
  WordsOf,
} from './target-types.ts'

/** A pipe that was created without an address: `bind` gives it one, and a protocol. */
export interface UnaddressedPipe<Protocols extends object, Transports extends object>
  extends Pipe<AnyMessages> {
  /** Binds again where it was bound before. */
  bind(): Promise<this>
  /** `bind('tcp://127.0.0.1:7777', 'game')`. Resolves with the same pipe, which has the protocol's types. */
  bind<Name extends keyof Protocols & string = DefaultName<Protocols>>(
    url: `${keyof Transports & string}://${string}`,
    ...rest: Speaks<Protocols, Name>
  ): Promise<Pipe<MessagesBy<Protocols, Name>>>
  /** `bind('ipc', '/tmp/game.sock', 'game')` */
  bind<
    Where extends {
      [Other in keyof Transports & string]: NameByCount<Transports[Other], Other, 1>
    }[keyof Transports & string],
    Name extends keyof Protocols & string = DefaultName<Protocols>,
  >(
    transport: Where,
    place: WordsOf<Transports[Where]>[0],
    ...rest: Speaks<Protocols, Name>
  ): Promise<Pipe<MessagesBy<Protocols, Name>>>
  /** `bind('tcp', '127.0.0.1', 7777, 'game')` */
  bind<
    Where extends {
      [Other in keyof Transports & string]: NameByCount<Transports[Other], Other, 2>
    }[keyof Transports & string],
    Name extends keyof Protocols & string = DefaultName<Protocols>,
  >(
    transport: Where,
    host: WordsOf<Transports[Where]>[0],
    port: WordsOf<Transports[Where]>[1],
    ...rest: Speaks<Protocols, Name>
  ): Promise<Pipe<MessagesBy<Protocols, Name>>>
  /** Any of these, for transports whose addresses have more words, and for clear errors. */
  bind<Where extends (keyof Transports & string) | `${keyof Transports & string}://${string}`>(
    where: Where,
    ...rest: Rest<Transports, Protocols, Where>
  ): Promise<Pipe<AnyMessages>>
  /** `bind({ transport: 'tcp', host: '127.0.0.1', port: 7777, protocol: 'game' })` */
  bind<Name extends keyof Protocols & string = DefaultName<Protocols>>(
    target: {
      [Other in keyof Transports & string]: { readonly transport: Other } & FieldsOf<Transports[Other]>
    }[keyof Transports & string] &
      Spoken<Protocols, Name>,
  ): Promise<Pipe<MessagesBy<Protocols, Name>>>
}
