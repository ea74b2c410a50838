import { MillraceError } from '../base/millrace-error.ts'
import { similar } from '../base/similar.ts'
import type { Protocol } from '../ports/protocol.ts'
import type { Address, TransportPlugin } from '../ports/transport.ts'
import type { PipeTarget } from './factory-services.ts'
import type { PipeOptions } from './pipe-options.ts'

/** What a pipe speaks when no protocol is named: it takes any message. */
const defaultProtocol = 'msgpack'

const protocolRemedy = "add('game', bits(contract))"

/** Where a pipe leads, and the options that stood beside it. */
export interface TargetAndOptions {
  readonly target: PipeTarget
  /** Undefined if there were none: pipes without options of their own share those of their factory. */
  readonly options: PipeOptions | undefined
}

/** Reads where a pipe leads, in each of the three forms: by position, as an object, as a URL. */
export class TargetReader {
  readonly #transports: ReadonlyMap<string, TransportPlugin>
  readonly #protocols: ReadonlyMap<string, Protocol>

  constructor(transports: ReadonlyMap<string, TransportPlugin>, protocols: ReadonlyMap<string, Protocol>) {
    this.#transports = transports
    this.#protocols = protocols
  }

  /** Throws `transport-unknown`, `protocol-unknown`, `address-invalid`, or `argument-invalid`. */
  read(values: readonly unknown[]): TargetAndOptions {
    const [first, ...rest] = values
    if (typeof first === 'object' && first !== null) return this.#readObject(first, rest)
    const text = String(first)
    const at = text.indexOf('://')
    if (at >= 0) {
      const name = text.slice(0, at)
      const plugin = this.#transport(name)
      return this.#readRest(name, plugin, plugin.parse(name, text.slice(at + 3)), rest)
    }
    const plugin = this.#transport(text)
    const { addressFields } = plugin
    const count = addressFields.length
    const words = rest.slice(0, count).filter((word) => typeof word !== 'object' || word === null)
    const fields = Object.fromEntries(addressFields.map((field, index) => [field, words[index]]))
    return this.#readRest(text, plugin, plugin.address(text, fields), rest.slice(words.length))
  }

  /** `{ transport, protocol }`, the fields of the address, and options, all in one object. */
  #readObject(values: object, rest: readonly unknown[]): TargetAndOptions {
    const { transport, protocol, ...others } = values as Record<string, unknown>
    const name = String(transport)
    const plugin = this.#transport(name)
    refuseMore(rest)
    const options = Object.entries(others).filter(([field]) => !plugin.addressFields.includes(field))
    return {
      target: this.#target(name, plugin, plugin.address(name, others), protocol),
      options: options.length === 0 ? undefined : Object.fromEntries(options),
    }
  }

  /** What stands behind the address: the name of a protocol, and options. */
  #readRest(
    name: string,
    plugin: TransportPlugin,
    address: Address,
    rest: readonly unknown[],
  ): TargetAndOptions {
    const last = rest.at(-1)
    const hasOptions = typeof last === 'object' && last !== null
    const [protocol, ...tooMany] = hasOptions ? rest.slice(0, -1) : rest
    refuseMore(tooMany)
    return {
      target: this.#target(name, plugin, address, protocol),
      options: hasOptions ? last : undefined,
    }
  }

  #target(transportName: string, plugin: TransportPlugin, address: Address, named: unknown): PipeTarget {
    const names = this.#protocols.keys()
    if (named === undefined && !this.#protocols.has(defaultProtocol)) {
      const text = `name a protocol; only '${defaultProtocol}' may be left out, and it is not registered`
      throw new MillraceError('protocol-unknown', unknownText(text, undefined, names, protocolRemedy))
    }
    const protocolName = String(named ?? defaultProtocol)
    const protocol = this.#protocols.get(protocolName)
    if (protocol === undefined) {
      const text = `no protocol '${protocolName}'`
      throw new MillraceError('protocol-unknown', unknownText(text, protocolName, names, protocolRemedy))
    }
    return { transportName, plugin, address, protocolName, protocol }
  }

  #transport(name: string): TransportPlugin {
    const plugin = this.#transports.get(name)
    if (plugin !== undefined) return plugin
    const names = this.#transports.keys()
    const text = unknownText(`no transport '${name}'`, name, names, "add('tcp', tcp())")
    throw new MillraceError('transport-unknown', text)
  }
}

function refuseMore(tooMany: readonly unknown[]): void {
  const extra = tooMany.find((value) => value !== undefined)
  if (extra === undefined) return
  const text = `too many arguments: '${String(extra)}' behind address and protocol`
  throw new MillraceError('argument-invalid', text)
}

/** What there isn't, with what is there and what was probably meant. */
function unknownText(
  text: string,
  wrong: string | undefined,
  names: Iterable<string>,
  remedy: string,
): string {
  const known = [...names]
  const meant = wrong === undefined ? undefined : similar(wrong, known)
  const hint = meant === undefined ? '' : `; did you mean '${meant}'?`
  return `${text}; known are: ${known.join(', ') || `none: ${remedy}`}${hint}`
}
