import {
  controlNumber,
  FrameDecoder,
  type FrameTarget,
  finishFrame,
  frameKind,
  frameTag,
  type Goodbye,
  goodbyeRoom,
  type Hello,
  headerSize,
  helloRoom,
  helloSizeMax,
  longHeaderSize,
  mayBeHello,
  namedNumber,
  readGoodbye,
  readHello,
  readText,
  writeGoodbye,
  writeHello,
  writeText,
  writtenTextSize,
} from '@millrace/wire'
import type { CloseReason } from '../base/close-reason.ts'
import { MillraceError } from '../base/millrace-error.ts'
import { type Codec, undecodable } from '../ports/codec.ts'
import type { Session, SessionHost } from '../ports/protocol.ts'
import { ContractCheck } from './contract-check.ts'

const controlTagStart = frameTag(frameKind.control, 0)
const idSize = 4

type Phase = 'hello' | 'contract' | 'open' | 'ended'

/**
 * Millrace's own session: hello, frames, requests, ping and goodbye around a message codec (docs/WIRE.md). The opening
 * side speaks first; the accepting side answers a hello it likes, so a stranger who connects learns nothing.
 */
export class FramedSession implements Session {
  readonly #host: SessionHost
  readonly #codec: Codec
  readonly #isNamed: boolean
  readonly #decoder: FrameDecoder
  #phase: Phase = 'hello'
  #contract: ContractCheck | undefined
  #heardSize = 0
  #isStranger = false
  #isGreeted = false
  /** The largest body that both sides take. */
  #messageSizeMax: number
  /** Tags below are messages by number. Zero before the hello, and where keys travel by name. */
  #plainEnd = 0
  #pingedAt = 0

  constructor(codec: Codec, host: SessionHost) {
    this.#host = host
    this.#codec = codec
    this.#isNamed = codec.keys.kind === 'open'
    this.#decoder = new FrameDecoder(host.pool, helloSizeMax)
    this.#messageSizeMax = host.limits.messageSizeMax
  }

  get stored(): number {
    return this.#decoder.weight
  }

  start(): void {
    if (this.#host.role === 'opened') this.#writeHello()
  }

  receive(chunk: Uint8Array): void {
    // What speaks another protocol may never send a whole frame: it is told by its first bytes.
    if (this.#heardSize < headerSize) {
      if (!mayBeHello(chunk, this.#heardSize)) this.#isStranger = true
      this.#heardSize += chunk.length
    }
    if (!this.#isStranger) this.#decoder.receive(chunk)
  }

  keep(): void {
    this.#decoder.keep()
  }

  process(now: number): void {
    const decoder = this.#decoder
    const host = this.#host
    const codec = this.#codec
    if (this.#isStranger) return this.#violate(helloViolations['not-millrace'])
    while (host.mayDeliver && decoder.next()) {
      const tag = decoder.tag
      if (tag < this.#plainEnd) {
        const body = codec.decode(tag, decoder, decoder.bodyStart, decoder.bodyEnd)
        if (body === undecodable) return this.#violate(codec.decodeError())
        host.deliver(tag, body)
      } else if (tag < controlTagStart && this.#phase === 'open') {
        this.#processCall(tag)
      } else {
        this.#processControl(tag, now)
      }
    }
    decoder.rest()
    if (decoder.violation !== undefined && host.mayDeliver) {
      const limit = `a frame of more than ${decoder.bodySizeMax} bytes`
      this.#violate(
        this.#phase === 'open' ? `${limit} (messageSizeMax)` : `${limit} before the hello was accepted`,
      )
    }
  }

  encode(number: number, body: unknown): void {
    const { out } = this.#host
    const codec = this.#codec
    const named = this.#isNamed ? codec.keys.text(number) : undefined
    const nameSize = named === undefined ? 0 : named.length
    const start = out.reserve(codec.sizeBound(number, body) + nameSize + longHeaderSize)
    const bodyStart = start + headerSize
    if (named !== undefined) out.bytes.set(named, bodyStart)
    const end = codec.encode(number, body, out, bodyStart + nameSize)
    if (end - bodyStart > this.#messageSizeMax) this.#refuse(number, end - bodyStart)
    out.commit(finishFrame(out, start, named === undefined ? number : namedNumber, end))
  }

  encodeShared(number: number, body: unknown): Uint8Array {
    const named = this.#isNamed ? this.#codec.keys.text(number) : undefined
    const nameSize = named === undefined ? 0 : named.length
    const bytes = this.#host.pool.allocate(this.#codec.sizeBound(number, body) + nameSize + longHeaderSize)
    const target = { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) }
    if (named !== undefined) bytes.set(named, headerSize)
    const end = this.#codec.encode(number, body, target, headerSize + nameSize)
    if (end - headerSize > this.#messageSizeMax) this.#refuse(number, end - headerSize)
    return bytes.subarray(0, finishFrame(target, 0, named === undefined ? number : namedNumber, end))
  }

  encodeRequest(id: number, number: number, body: unknown): void {
    this.#encodeCall(frameKind.request, id, number, number, body)
  }

  encodeReply(id: number, number: number, body: unknown): void {
    this.#encodeCall(frameKind.reply, id, number, this.#codec.replyNumber(number), body)
  }

  encodeFault(id: number, text: string): void {
    this.#control(controlNumber.fault, idSize + 256, (target, at) => {
      target.view.setUint32(at, id, true)
      return writeText(target, at + idSize, text)
    })
  }

  ping(now: number): void {
    this.#pingedAt = now
    this.#writeToken(controlNumber.ping, Math.floor(now) >>> 0)
  }

  goodbye(goodbye: Goodbye): void {
    // Whoever didn't say hello wouldn't understand, and is told nothing.
    if (!this.#isGreeted) return
    const { out } = this.#host
    out.commit(writeGoodbye(out, out.reserve(goodbyeRoom), goodbye))
    this.#phase = 'ended'
  }

  encodeCipherStep(step: number, message: Uint8Array): Uint8Array {
    const bytes = new Uint8Array(headerSize + 1 + message.length)
    bytes[headerSize] = step
    bytes.set(message, headerSize + 1)
    finishFrame(
      { bytes, view: new DataView(bytes.buffer) },
      0,
      frameTag(frameKind.control, controlNumber.cipher),
      bytes.length,
    )
    return bytes
  }

  takeRest(): Uint8Array[] {
    return this.#decoder.takeRest()
  }

  linkEnded(): CloseReason {
    return { code: 'link-ended' }
  }

  release(): void {
    this.#decoder.release()
  }

  #processCall(tag: number): void {
    const decoder = this.#decoder
    const host = this.#host
    const kind = tag >> 14
    const end = decoder.bodyEnd
    let start = decoder.bodyStart
    if (kind !== frameKind.message && end - start < idSize)
      return this.#violate('a request or reply without an id')
    const id = kind === frameKind.message ? 0 : decoder.view.getUint32(start, true)
    if (kind !== frameKind.message) start += idSize
    let number = tag & namedNumber
    let key: string | undefined
    if (this.#isNamed !== (number === namedNumber)) {
      return this.#violate(
        this.#isNamed ? 'a message by number, not by name' : 'a message by name, not by number',
      )
    }
    if (this.#isNamed) {
      key = readText(decoder.view, start, end)
      if (key === undefined || key === '') return this.#violate('a message without a key')
      start += writtenTextSize(decoder.view, start)
      number = this.#codec.keys.find(key)
    }
    const fault = this.#misfit(kind, number, id)
    if (fault !== '') return this.#violate(fault)
    const body = this.#codec.decode(number, decoder, start, end)
    if (body === undecodable) return this.#violate(this.#codec.decodeError())
    if (kind === frameKind.message) host.deliver(number, body, key)
    else if (kind === frameKind.request) host.requested(id, number, body, key)
    else host.replied(id, body)
  }

  /** Whether a frame of this kind may have this number; if not, why. */
  #misfit(kind: number, number: number, id: number): string {
    const { keys } = this.#codec
    if (kind === frameKind.reply) {
      // A reply that nobody waits for any more is let pass: its request has ended, and its kind is not known here.
      const awaited = this.#host.awaited(id)
      const isRight = awaited < 0 || this.#codec.replyNumber(awaited) === number
      return isRight ? '' : `a reply of another kind than '${keys.name(awaited)}' asked for`
    }
    if (this.#isNamed) return ''
    if (number >= keys.count) return `message number ${number}, which the contract does not have`
    const isAnswered = kind === frameKind.message || this.#codec.replyNumber(number) >= 0
    return isAnswered ? '' : `a request '${keys.name(number)}', which the contract declares without a reply`
  }

  #processControl(tag: number, now: number): void {
    const { view, bodyStart, bodyEnd } = this.#decoder
    const host = this.#host
    switch (tag - controlTagStart) {
      case controlNumber.close: {
        const goodbye = readGoodbye(view, bodyStart, bodyEnd)
        return goodbye === undefined ? this.#violate('a broken goodbye') : host.farewell(goodbye)
      }
      case controlNumber.hello:
        return this.#phase === 'hello' ? this.#processHello() : this.#violate('a second hello')
      case controlNumber.contract:
        if (this.#phase !== 'contract' || this.#contract === undefined)
          return this.#violate('a contract unasked')
        return host.fail(this.#contract.conclude(view, bodyStart, bodyEnd))
    }
    if (this.#phase !== 'open') return this.#violate('a message before the hello')
    switch (tag - controlTagStart) {
      case controlNumber.ping:
        if (bodyEnd - bodyStart !== idSize) return this.#violate('a broken ping')
        return this.#writeToken(controlNumber.pong, view.getUint32(bodyStart, true))
      case controlNumber.pong:
        return host.ponged(now - this.#pingedAt)
      case controlNumber.fault: {
        const text = bodyEnd - bodyStart > idSize ? readText(view, bodyStart + idSize, bodyEnd) : undefined
        if (text === undefined) return this.#violate('a broken fault')
        return host.faulted(view.getUint32(bodyStart, true), text)
      }
      case controlNumber.cipher:
        if (bodyEnd === bodyStart) return this.#violate('a broken cipher step')
        return host.cipherStep(view.getUint8(bodyStart), this.#decoder.bytes.slice(bodyStart + 1, bodyEnd))
      default:
        return this.#violate(`control frame ${tag - controlTagStart}, which nobody knows`)
    }
  }

  #processHello(): void {
    const { view, bodyStart, bodyEnd } = this.#decoder
    const hello = readHello(view, bodyStart, bodyEnd)
    // Goodbyes are the same in all versions: whoever began like Millrace is told why it ends.
    this.#isGreeted = hello !== 'not-millrace'
    if (typeof hello === 'string') return this.#violate(helloViolations[hello])
    const { name, contract } = this.#codec
    if (hello.codec !== name) {
      const text = `the peer speaks '${hello.codec}', this side speaks '${name}'`
      return this.#host.fail({ code: 'protocol-mismatch', text })
    }
    if (contract !== undefined && hello.fingerprint !== contract.fingerprint) return this.#compareContracts()
    this.#greet(hello)
  }

  #greet(hello: Hello): void {
    this.#messageSizeMax = Math.min(this.#messageSizeMax, hello.messageSizeMax)
    this.#decoder.bodySizeMax = this.#host.limits.messageSizeMax
    this.#phase = 'open'
    if (!this.#isNamed) this.#plainEnd = this.#codec.keys.count
    const answer = this.#host.open(() => {
      if (this.#host.role === 'accepted') this.#writeHello()
    })
    if (answer === 'no') this.#phase = 'ended'
  }

  /** The fingerprints differ: each side shows the other its table, so that both can say what differs. */
  #compareContracts(): void {
    const { out, role } = this.#host
    this.#contract = new ContractCheck(this.#codec.contract!.table)
    if (role === 'accepted') this.#writeHello()
    this.#contract.write(out)
    this.#decoder.bodySizeMax = this.#contract.tableSizeMax
    this.#phase = 'contract'
  }

  #writeHello(): void {
    const { out, limits } = this.#host
    const { name, contract } = this.#codec
    const hello: Hello = {
      messageSizeMax: Math.min(limits.messageSizeMax, 0xffffffff),
      codec: name,
      contractVersion: contract?.table.version ?? 0,
      fingerprint: contract?.fingerprint ?? '0000000000000000',
    }
    out.commit(writeHello(out, out.reserve(helloRoom), hello))
  }

  #encodeCall(kind: number, id: number, keyNumber: number, bodyNumber: number, body: unknown): void {
    const { out } = this.#host
    const named = this.#isNamed ? this.#codec.keys.text(keyNumber) : undefined
    const nameSize = named === undefined ? 0 : named.length
    const start = out.reserve(this.#codec.sizeBound(bodyNumber, body) + nameSize + idSize + longHeaderSize)
    const idStart = start + headerSize
    out.view.setUint32(idStart, id, true)
    if (named !== undefined) out.bytes.set(named, idStart + idSize)
    const end = this.#codec.encode(bodyNumber, body, out, idStart + idSize + nameSize)
    if (end - idStart > this.#messageSizeMax) this.#refuse(keyNumber, end - idStart)
    out.commit(finishFrame(out, start, frameTag(kind, named === undefined ? bodyNumber : namedNumber), end))
  }

  #writeToken(number: number, token: number): void {
    this.#control(number, idSize, ({ view }, at) => {
      view.setUint32(at, token, true)
      return at + idSize
    })
  }

  #control(number: number, room: number, write: (target: FrameTarget, start: number) => number): void {
    const { out } = this.#host
    const start = out.reserve(headerSize + room)
    const end = write(out, start + headerSize)
    out.commit(finishFrame(out, start, frameTag(frameKind.control, number), end))
  }

  #violate(what: string): void {
    this.#phase = 'ended'
    this.#plainEnd = 0
    this.#host.fail({ code: 'protocol-violation', what })
  }

  #refuse(number: number, size: number): never {
    const text = `message '${this.#codec.keys.name(number)}' takes ${size} bytes; both sides accept ${this.#messageSizeMax} (messageSizeMax)`
    throw new MillraceError('message-too-large', text)
  }
}

const helloViolations = {
  'not-millrace': 'the first bytes are no Millrace hello; does the peer speak another protocol?',
  'wire-version': 'the hello has another wire version; one side must be updated',
  'malformed-hello': 'a malformed hello',
}
