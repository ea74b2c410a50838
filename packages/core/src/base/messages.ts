declare const requestBrand: unique symbol

/** In a map of messages: a message that is answered. Its handler returns the reply. */
export interface Request<Body, Reply> {
  readonly [requestBrand]: { readonly body: Body; readonly reply: Reply }
}

/** The keys of a map of messages. */
export type Key<Messages extends object> = keyof Messages & string

/** What is sent under a key. */
export type Body<Messages extends object, K extends Key<Messages>> =
  Messages[K] extends Request<infer RequestBody, unknown> ? RequestBody : Messages[K]

/** What answers a request under a key. */
export type Reply<Messages extends object, K extends Key<Messages>> =
  Messages[K] extends Request<unknown, infer ReplyBody> ? ReplyBody : unknown

/** What a handler of a key returns: the reply if the message is a request, else anything, which is ignored. */
export type Answer<Messages extends object, K extends Key<Messages>> =
  Messages[K] extends Request<unknown, infer ReplyBody> ? ReplyBody | Promise<ReplyBody> : unknown

/** A message with its key, as sinks and iterators see it. */
export type Message<Messages extends object> = {
  [K in Key<Messages>]: { readonly key: K; readonly body: Body<Messages, K> }
}[Key<Messages>]
