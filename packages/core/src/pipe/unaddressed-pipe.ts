import type { Pipe } from './pipe.ts'
import type {
  AnyMessages,
  DefaultName,
  MessagesBy,
  NamesByCount,
  Rest,
  Speaks,
  TargetOf,
  UrlOf,
  WordsOf,
} from './target-types.ts'

/** A pipe that was created without an address: `bind` gives it one, and a protocol. */
export interface UnaddressedPipe<Protocols extends object, Transports extends object>
  extends Pipe<AnyMessages> {
  /** Binds again where it was bound before. */
  bind(): Promise<this>
  /** `bind('tcp://127.0.0.1:7777', 'game')`. Resolves with the same pipe, which has the protocol's types. */
  bind<Name extends keyof Protocols & string = DefaultName<Protocols>>(
    url: UrlOf<Transports>,
    ...rest: Speaks<Protocols, Name>
  ): Promise<Pipe<MessagesBy<Protocols, Name>>>
  /** `bind('ipc', '/tmp/game.sock', 'game')` */
  bind<
    Where extends NamesByCount<Transports, 1>,
    Name extends keyof Protocols & string = DefaultName<Protocols>,
  >(
    transport: Where,
    place: WordsOf<Transports[Where]>[0],
    ...rest: Speaks<Protocols, Name>
  ): Promise<Pipe<MessagesBy<Protocols, Name>>>
  /** `bind('tcp', '127.0.0.1', 7777, 'game')` */
  bind<
    Where extends NamesByCount<Transports, 2>,
    Name extends keyof Protocols & string = DefaultName<Protocols>,
  >(
    transport: Where,
    host: WordsOf<Transports[Where]>[0],
    port: WordsOf<Transports[Where]>[1],
    ...rest: Speaks<Protocols, Name>
  ): Promise<Pipe<MessagesBy<Protocols, Name>>>
  /** Any of these, for transports with more words in their addresses, and for clear errors. */
  bind<Where extends (keyof Transports & string) | UrlOf<Transports>>(
    where: Where,
    ...rest: Rest<Transports, Protocols, Where>
  ): Promise<Pipe<AnyMessages>>
  /** `bind({ transport: 'tcp', host: '127.0.0.1', port: 7777, protocol: 'game' })` */
  bind<Name extends keyof Protocols & string = DefaultName<Protocols>>(
    target: TargetOf<Transports, Protocols, Name>,
  ): Promise<Pipe<MessagesBy<Protocols, Name>>>
}
