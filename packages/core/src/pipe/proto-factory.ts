import { BlockPool } from '@millrace/buffer'
import { MillraceError } from '../base/millrace-error.ts'
import { defaultLimits, given, type PipeLimits, type PipeOptions, parseLimits } from '../base/options.ts'
import { silentTopics, Topics } from '../ports/diagnostics.ts'
import type { Loop } from '../ports/loop.ts'
import type { Platform } from '../ports/platform.ts'
import type { Protocol } from '../ports/protocol.ts'
import type { TransportPlugin } from '../ports/transport.ts'
import { LoopWheel } from '../turn/loop-wheel.ts'
import type { BoundPipe, FactoryServices, PipeTarget } from './factory-services.ts'
import { Pipe } from './pipe.ts'

/** What all pipes of a factory share. */
export interface ProtoFactoryOptions extends PipeOptions {
  /** What all pipes run on: on Node `nodePlatform` of `@millrace/transports/node-platform`. */
  readonly platform: Platform
  /** Memory for messages on their way. Default: a pool of the factory's own, allocated by the platform. */
  readonly pool?: BlockPool | undefined
}

/** Any message under any key: what a pipe speaks while nobody said more. */
// biome-ignore lint/suspicious/noExplicitAny: bodies of unknown messages may be anything, to read as well as to send
export type AnyMessages = Record<string, any>

/** The messages of a registered protocol. */
type MessagesBy<Protocols extends object, Name> = Name extends keyof Protocols
  ? Protocols[Name] extends object
    ? Protocols[Name]
    : AnyMessages
  : AnyMessages

/** What a pipe speaks when nobody says: it takes any message. */
const defaultProtocol = 'msgpack'

type NameIn<Protocols extends object> = keyof Protocols & string

/**
 * The registry of transports and protocols by name, and the maker of pipes. `Protocols` maps the protocols' names to
 * their messages: `add` answers the same factory, with a type that knows one more.
 */
export class ProtoFactory<Protocols extends object = object> {
  readonly #transports = new Map<string, TransportPlugin>()
  readonly #protocols = new Map<string, Protocol>()
  readonly #bound = new Map<object, BoundPipe>()
  readonly #wheels = new WeakMap<Loop, LoopWheel>()
  #limits = defaultLimits
  readonly #options: PipeOptions
  readonly #services: FactoryServices

  /** Throws `argument-invalid` without a platform. */
  constructor({ platform, pool, ...options }: ProtoFactoryOptions) {
    if (platform === undefined) {
      const text = 'a factory wants a platform: new ProtoFactory({ platform: nodePlatform })'
      throw new MillraceError('argument-invalid', text)
    }
    this.#options = options
    const { allocate, diagnostics } = platform
    this.#services = {
      pool: pool ?? new BlockPool(allocate === undefined ? {} : { allocate }),
      platform,
      topics: diagnostics === undefined ? silentTopics : new Topics(diagnostics),
      limits: (options) => this.#sharedLimits(options),
      wheel: (loop) => this.#wheel(loop),
      target: (values) => this.#target(values),
      boundAt: (target) => this.#boundAt(target),
      setBound: (owner, bound) => {
        if (bound === undefined) this.#bound.delete(owner)
        else this.#bound.set(owner, bound)
      },
    }
  }

  /** Registers a protocol under a name: `add('game', bits(game))`. Throws `name-taken` if there is one of that name. */
  add<Name extends string, Messages extends object>(
    name: Name,
    protocol: Protocol<Messages>,
  ): ProtoFactory<Protocols & Record<Name, Messages>>
  /** Registers a transport under a name: `add('tcp', tcp())`. */
  add(name: string, transport: TransportPlugin): this
  add(name: string, plugin: Protocol | TransportPlugin): unknown {
    if (typeof name !== 'string' || name === '') {
      throw new MillraceError(
        'argument-invalid',
        'a transport or protocol is registered under a name, a text',
      )
    }
    if (plugin?.kind !== 'protocol' && plugin?.kind !== 'transport') {
      const text = `add('${name}', …) wants a protocol such as bits(contract), or a transport such as tcp()`
      throw new MillraceError('argument-invalid', text)
    }
    if (this.#transports.has(name) || this.#protocols.has(name)) {
      throw new MillraceError(
        'name-taken',
        `'${name}' is registered already; remove it first, or choose another name`,
      )
    }
    if (plugin.kind === 'protocol') this.#protocols.set(name, plugin)
    else this.#transports.set(name, plugin)
    return this
  }

  /** Forgets a transport or protocol. Pipes that use it go on. False if there was none of that name. */
  remove(name: string): boolean {
    return this.#protocols.delete(name) || this.#transports.delete(name)
  }

  /** Whether a transport or protocol of this name is registered. */
  has(name: string): boolean {
    return this.#protocols.has(name) || this.#transports.has(name)
  }

  /** Makes a pipe by transport, host and port, and the name of a protocol: `create('tcp', '127.0.0.1', 7777, 'game')`. */
  create<Name extends NameIn<Protocols>>(
    transport: string,
    host: string,
    port: number,
    protocol: Name,
    options?: PipeOptions,
  ): Pipe<MessagesBy<Protocols, Name>>
  /** Makes a pipe by transport and path or name: `create('ipc', '/tmp/game.sock', 'game')`, `create('local', 'lobby', 'game')`. */
  create<Name extends NameIn<Protocols>>(
    transport: string,
    path: string,
    protocol: Name,
    options?: PipeOptions,
  ): Pipe<MessagesBy<Protocols, Name>>
  /** Makes a pipe of the protocol `msgpack`, which needs no contract: `create('tcp', '127.0.0.1', 7777)`. */
  create(transport: string, host: string, port: number, options?: PipeOptions): Pipe<AnyMessages>
  /** Makes a pipe with a name only; `bind('tcp', host, port, 'game')` says the rest. */
  create<Messages extends object = AnyMessages>(name: string, options?: PipeOptions): Pipe<Messages>
  create(...values: unknown[]): unknown {
    const last = values.at(-1)
    const hasOptions = typeof last === 'object' && last !== null
    const own = (hasOptions ? last : {}) as PipeOptions
    const words = hasOptions ? values.slice(0, -1) : values
    const options: PipeOptions = hasOptions ? { ...this.#options, ...given(own) } : this.#options
    if (words.length === 1) return new Pipe(this.#services, undefined, { name: String(words[0]), ...options })
    return new Pipe(this.#services, this.#target(words), options)
  }

  /** The memory of all pipes of this factory: `pool.statistics()`, `pool.trim()`. */
  get pool(): BlockPool {
    return this.#services.pool
  }

  /** What this is, in one line, for people. */
  describe(): string {
    const transports = [...this.#transports.keys()].join(', ') || 'none'
    const protocols = [...this.#protocols.keys()].join(', ') || 'none'
    return `proto factory: transports ${transports}; protocols ${protocols}`
  }

  toString(): string {
    return this.describe()
  }

  #target(values: readonly unknown[]): PipeTarget {
    const [transportName, ...rest] = values
    const plugin = this.#transports.get(String(transportName))
    if (plugin === undefined) {
      const known = [...this.#transports.keys()].join(', ') || "none: add('tcp', tcp())"
      throw new MillraceError(
        'transport-unknown',
        `no transport '${String(transportName)}'; known are: ${known}`,
      )
    }
    const parts = rest.slice(0, plugin.addressLength) as (string | number)[]
    const address = plugin.address(String(transportName), parts)
    const protocolName = rest[plugin.addressLength] ?? defaultProtocol
    const protocol = this.#protocols.get(String(protocolName))
    if (protocol === undefined) {
      const known = [...this.#protocols.keys()].join(', ') || "none: add('game', bits(contract))"
      throw new MillraceError(
        'protocol-unknown',
        `no protocol '${String(protocolName)}'; known are: ${known}`,
      )
    }
    return {
      transportName: String(transportName),
      plugin,
      address,
      protocolName: String(protocolName),
      protocol,
    }
  }

  #sharedLimits(options: PipeOptions): PipeLimits {
    const limits = parseLimits(options)
    const names = Object.keys(limits) as (keyof PipeLimits)[]
    if (names.some((name) => limits[name] !== this.#limits[name])) this.#limits = limits
    return this.#limits
  }

  #wheel(loop: Loop): LoopWheel {
    let wheel = this.#wheels.get(loop)
    if (wheel !== undefined) return wheel
    wheel = new LoopWheel(loop)
    this.#wheels.set(loop, wheel)
    return wheel
  }

  #boundAt(wanted: PipeTarget): BoundPipe | undefined {
    for (const bound of this.#bound.values()) {
      if (bound.target.transportName !== wanted.transportName) continue
      if (wanted.plugin.reaches(wanted.address, bound.address)) return bound
    }
    return undefined
  }
}
