/** The sides of a channel: the `client` opened it, the `server` accepted it. */
export type Side = 'client' | 'server'

declare const requestBrand: unique symbol
declare const fromBrand: unique symbol

/**
 * In a map of messages: a message that is answered. Its handler returns the reply. `Request<Body, Reply> | Body` may be sent
 * by `send` as well, as some protocols allow.
 */
export interface Request<Body, Reply> {
  readonly [requestBrand]: { readonly body: Body; readonly reply: Reply }
}

/** In a map of messages: a message or request that one side alone may send. */
export interface From<Sender extends Side, What> {
  readonly [fromBrand]: { readonly sender: Sender; readonly what: What }
}

/** The keys of a map of messages. */
export type Key<Messages extends object> = keyof Messages & string

/** A message without what is said about its sender. */
type What<Entry> = Entry extends From<Side, infer Inner> ? Inner : Entry

type BodyOf<Entry> = Entry extends Request<infer Asked, unknown> ? Asked : Entry
type ReplyOf<Entry> = Entry extends Request<unknown, infer Answered> ? Answered : never

/** What is sent under a key. */
export type Body<Messages extends object, K extends Key<Messages>> = BodyOf<What<Messages[K]>>

/** The reply to a request under a key. */
export type Reply<Messages extends object, K extends Key<Messages>> = unknown extends Messages[K]
  ? unknown
  : ReplyOf<What<Messages[K]>>

/** What the handler of a plain message may return; it is ignored. An object is refused: it would be a reply that never arrives. */
type Ignored = undefined | null | boolean | number | bigint | string | symbol

/** What a handler of a key returns: the reply if the message is a request, else nothing of interest. */
export type Answer<Messages extends object, K extends Key<Messages>> = unknown extends Messages[K]
  ? unknown
  : [ReplyOf<What<Messages[K]>>] extends [never]
    ? // biome-ignore lint/suspicious/noConfusingVoidType: a handler without a return
      Ignored | void | Promise<Ignored | void>
    : Reply<Messages, K> | Promise<Reply<Messages, K>>

/** Whether all of these sides may send an entry. */
type MaySend<Entry, Own extends Side> =
  Entry extends From<infer Sender, unknown> ? ([Own] extends [Sender] ? 'yes' : 'no') : 'yes'

type OtherSide<Own extends Side> = Own extends 'client' ? 'server' : 'client'

// The three below begin with a condition that always holds: the compiler then shows the keys by their names, not by the alias
// that found them, and that is what a misspelt key is told.

/** The keys that this side may `send`; where the side is open, those that both may. Requests are not among them. */
export type Sends<Messages extends object, Own extends Side> = Messages extends object
  ? {
      [K in Key<Messages>]: 'yes' extends MaySend<Messages[K], Own>
        ? What<Messages[K]> extends Request<unknown, unknown>
          ? unknown extends Messages[K]
            ? K
            : never
          : K
        : never
    }[Key<Messages>]
  : never

/** The keys that this side may `request`; where the side is open, those that both may. */
export type Asks<Messages extends object, Own extends Side> = Messages extends object
  ? {
      [K in Key<Messages>]: 'yes' extends MaySend<Messages[K], Own>
        ? [Reply<Messages, K>] extends [never]
          ? never
          : K
        : never
    }[Key<Messages>]
  : never

/** The keys that this side hears, requests included; where the side is open, those that both hear. */
export type Hears<Messages extends object, Own extends Side> = Messages extends object
  ? {
      [K in Key<Messages>]: 'yes' extends MaySend<Messages[K], OtherSide<Own>> ? K : never
    }[Key<Messages>]
  : never

type MessageOf<Messages extends object, K> =
  K extends Key<Messages> ? { readonly key: K; readonly body: Body<Messages, K> } : never

/** A message with its key, as sinks and iterators see it: all that this side hears. */
export type Message<Messages extends object, Own extends Side = Side> = [Key<Messages>] extends [never]
  ? { readonly key: string; readonly body: unknown }
  : MessageOf<Messages, Own extends Side ? Hears<Messages, Own> : never>

/**
 * The messages, in the form in which a channel, pipe or sink shows them to the type checker. It lets a `Channel<Game>` stand
 * where any `Channel` is wanted: the modifiers keep the compiler from measuring the variance of the class, which is wrong for
 * methods with keys that depend on the messages, and make it compare this member, which therefore stands first.
 */
export type ComparedMessages<Messages extends object> = {
  -readonly [K in keyof Messages]-?: Messages[K]
}

/** As `ComparedMessages`, for the side. */
export type ComparedSide<Own extends Side> = { -readonly [S in Own]-?: S }[Own]
