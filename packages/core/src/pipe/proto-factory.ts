import { BlockPool } from '@millrace/buffer'
import { showDescribed } from '../base/inspected.ts'
import { MillraceError } from '../base/millrace-error.ts'
import { defaultLimits, given, type PipeLimits, parseLimits } from '../base/options.ts'
import { Channel } from '../channel/channel.ts'
import { openLocalOf } from '../local/local.ts'
import type { OpenLocal } from '../local/local-opening.ts'
import { silentTopics, Topics } from '../ports/diagnostics.ts'
import type { Loop } from '../ports/loop.ts'
import type { Platform } from '../ports/platform.ts'
import type { Protocol } from '../ports/protocol.ts'
import type { TransportPlugin } from '../ports/transport.ts'
import { LoopWheel } from '../turn/loop-wheel.ts'
import { acceptingOf } from './accepting.ts'
import type { BoundPipe, FactoryServices, PipeTarget } from './factory-services.ts'
import { Pipe } from './pipe.ts'
import { type PipeOptions, withOwnKeys } from './pipe-options.ts'
import { warnOf } from './pipe-reports.ts'
import { isSame, pluginText } from './same-plugin.ts'
import { TargetReader } from './target-reader.ts'
import type {
  AnyMessages,
  DefaultName,
  MessagesBy,
  NamesByCount,
  Rest,
  Speaks,
  TargetOf,
  UrlOf,
  WithOptions,
  WordsOf,
} from './target-types.ts'
import type { UnaddressedPipe } from './unaddressed-pipe.ts'

/** What all pipes of a factory share. */
export interface ProtoFactoryOptions extends PipeOptions {
  /** What all pipes run on: on Node `nodePlatform` of `@millrace/transports/node-platform`. */
  readonly platform: Platform
  /** Memory for messages on their way. Default: a pool of the factory's own, allocated by the platform. */
  readonly pool?: BlockPool | undefined
  /**
   * So many bytes of frames that have begun and not ended may be stored, over all channels; above it, those with the oldest frames end:
   * `receive-overflow`. Default 64 MiB. Refused (`unsupported`) where the platform has no `accepting`, as is the next one.
   */
  readonly incompleteBytesMax?: number | undefined
  /**
   * So many bytes may all channels together hold because of their peers: received and not read, decoded and waiting, written and not sent. Above it
   * those that hold more than their share are paused, and the largest end if that has not helped within their `stallTimeoutMs`: `total-overflow`.
   * `Infinity`: any number. Default 1 GiB.
   */
  readonly bytesMax?: number | undefined
}

/**
 * The registry of transports and protocols by name, and the maker of pipes. `Protocols` maps the protocols' names to
 * their messages, `Transports` the transports' names to their plug-ins: `add` returns the same factory, with a type that knows one more.
 */
export class ProtoFactory<Protocols extends object = object, Transports extends object = object> {
  static {
    for (const described of [ProtoFactory, Pipe, Channel]) showDescribed(described)
  }

  readonly #transports = new Map<string, TransportPlugin>()
  readonly #protocols = new Map<string, Protocol>()
  readonly #bound = new Map<object, BoundPipe>()
  readonly #wheels = new WeakMap<Loop, LoopWheel>()
  #limits = defaultLimits
  #openLocal: OpenLocal | undefined
  readonly #options: PipeOptions
  readonly #services: FactoryServices
  readonly #reader = new TargetReader(this.#transports, this.#protocols)

  /** Throws `argument-invalid` without a platform, and for limits that are none or encryption that no pipe can keep; `unsupported` for limits that this platform can't keep. */
  constructor({ platform, pool, incompleteBytesMax, bytesMax, ...options }: ProtoFactoryOptions) {
    if (platform === undefined) {
      const text = 'a factory wants a platform: new ProtoFactory({ platform: nodePlatform })'
      throw new MillraceError('argument-invalid', text)
    }
    this.#options = withOwnKeys(options, platform)
    const accounts = acceptingOf(platform)?.byteAccounts({ incompleteBytesMax, bytesMax })
    if (accounts === undefined && (incompleteBytesMax ?? bytesMax) !== undefined)
      throw new MillraceError('unsupported', 'limits of all channels want a platform with `accepting`')
    const { allocate, diagnostics } = platform
    this.#services = {
      pool: pool ?? new BlockPool(allocate === undefined ? {} : { allocate }),
      accounts,
      platform,
      topics:
        diagnostics === undefined
          ? silentTopics
          : new Topics(diagnostics, (cause) => warnOf(platform, 'diagnostics', cause)),
      limits: (options) => this.#sharedLimits(options),
      wheel: (loop) => this.#wheel(loop),
      target: (values) => {
        const { target, options } = this.#reader.read(values)
        if (values.length === 1 || options === undefined) return target
        throw new MillraceError('argument-invalid', 'options are given to create, not to bind')
      },
      localOpener: () => this.#openLocal,
      boundAt: (target) => this.#boundAt(target),
      setBound: (owner, bound) => {
        if (bound === undefined) this.#bound.delete(owner)
        else this.#bound.set(owner, bound)
      },
    }
  }

  /**
   * Registers a protocol under a name: `add('game', bits(game))`. The same once more changes nothing, as when a module is evaluated twice: the first one
   * stays. Throws `name-taken` if there is another of that name.
   */
  add<Name extends string, Messages extends object>(
    name: Name,
    protocol: Protocol<Messages>,
  ): ProtoFactory<Protocols & Record<Name, Messages>, Transports>
  /** Registers a transport under a name: `add('tcp', tcp())`. */
  add<Name extends string, Plugin extends TransportPlugin>(
    name: Name,
    transport: Plugin,
  ): ProtoFactory<Protocols, Transports & Record<Name, Plugin>>
  add(name: string, plugin: Protocol | TransportPlugin): unknown {
    if (typeof name !== 'string' || name === '') {
      throw new MillraceError('argument-invalid', 'a transport or protocol is registered under a name')
    }
    if (plugin?.kind !== 'protocol' && plugin?.kind !== 'transport') {
      const text = `add('${name}', …) wants a protocol such as bits(contract), or a transport such as tcp()`
      throw new MillraceError('argument-invalid', text)
    }
    const taken = this.#transports.get(name) ?? this.#protocols.get(name)
    if (taken !== undefined) {
      if (isSame(taken, plugin)) return this
      const difference = `as ${pluginText(taken)}, and this is ${pluginText(plugin)}`
      const text = `'${name}' is registered already, ${difference}; remove it first, or choose another name`
      throw new MillraceError('name-taken', text)
    }
    if (plugin.kind === 'protocol') this.#protocols.set(name, plugin)
    else {
      this.#transports.set(name, plugin)
      this.#openLocal ??= openLocalOf(plugin)
    }
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

  /**
   * Makes a pipe without an address, and with a name for people if one is given; `bind('tcp', host, port, 'game')` says the rest. Throws
   * `address-invalid` for the name of a transport: its address is missing.
   */
  create<Name extends string>(
    name?: Name extends (keyof Transports & string) | `${string}://${string}` ? never : Name,
    options?: PipeOptions,
  ): UnaddressedPipe<Protocols, Transports>
  /**
   * Makes a pipe by URL, and the name of a protocol: `create('tcp://127.0.0.1:7777', 'game')`. The protocol may be left out in factories that
   * have `msgpack`, which is meant then. Like the other forms it throws `transport-unknown`, `protocol-unknown`, `address-invalid`, and
   * `argument-invalid` for wrong options.
   */
  create<Name extends keyof Protocols & string = DefaultName<Protocols>>(
    url: UrlOf<Transports>,
    ...rest: Speaks<Protocols, Name, WithOptions>
  ): Pipe<MessagesBy<Protocols, Name>>
  /** Makes a pipe by transport and path or name: `create('ipc', '/tmp/game.sock', 'game')`, `create('local', 'lobby', 'game')`. */
  create<
    Where extends NamesByCount<Transports, 1>,
    Name extends keyof Protocols & string = DefaultName<Protocols>,
  >(
    transport: Where,
    place: WordsOf<Transports[Where]>[0],
    ...rest: Speaks<Protocols, Name, WithOptions>
  ): Pipe<MessagesBy<Protocols, Name>>
  /** Makes a pipe by transport, host and port, and the name of a protocol: `create('tcp', '127.0.0.1', 7777, 'game')`. */
  create<
    Where extends NamesByCount<Transports, 2>,
    Name extends keyof Protocols & string = DefaultName<Protocols>,
  >(
    transport: Where,
    host: WordsOf<Transports[Where]>[0],
    port: WordsOf<Transports[Where]>[1],
    ...rest: Speaks<Protocols, Name, WithOptions>
  ): Pipe<MessagesBy<Protocols, Name>>
  /** Any of these, for transports with more words in their addresses, and for clear errors. */
  create<Where extends (keyof Transports & string) | UrlOf<Transports>>(
    where: Where,
    ...rest: Rest<Transports, Protocols, Where, WithOptions>
  ): Pipe<AnyMessages>
  /** Makes a pipe by names alone: `create({ transport: 'tcp', host: '127.0.0.1', port: 7777, protocol: 'game', drive: 'manual' })`. */
  create<Name extends keyof Protocols & string = DefaultName<Protocols>>(
    target: TargetOf<Transports, Protocols, Name> & PipeOptions,
  ): Pipe<MessagesBy<Protocols, Name>>
  create(...values: unknown[]): unknown {
    if (this.#isUnaddressed(values)) {
      const [name, own = {}] = values as [string | undefined, PipeOptions | undefined]
      const named = name === undefined ? {} : { name }
      return new Pipe(this.#services, undefined, { ...this.#options, ...named, ...given(own) })
    }
    const { target, options } = this.#reader.read(values)
    return new Pipe(
      this.#services,
      target,
      options === undefined ? this.#options : { ...this.#options, ...given(options) },
    )
  }

  /** The memory of all pipes of this factory: `pool.statistics()`, `pool.trim()`. */
  get pool(): BlockPool {
    return this.#services.pool
  }

  /** What all channels hold because of their peers now, in bytes, of the `bytesMax` that they may. 0 where none are accepted. */
  get heldBytes(): number {
    return this.#services.accounts?.account.bytes ?? 0
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

  /** Whether the arguments of `create` are a name at most, and options. */
  #isUnaddressed([first, ...rest]: readonly unknown[]): boolean {
    if (first === undefined) return true
    if (typeof first !== 'string' || first.includes('://') || this.#transports.has(first)) return false
    return rest.length === 0 || (rest.length === 1 && typeof rest[0] === 'object')
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
      if (wanted.plugin.matches(wanted.address, bound.address)) return bound
    }
    return undefined
  }
}
