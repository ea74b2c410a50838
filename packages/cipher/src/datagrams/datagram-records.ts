import { CipherError } from '../base/errors.ts'
import {
  expectOptions,
  FORGERY_WARNING_COUNT,
  forgeriesMax,
  type KeyStop,
  keyStop,
  PHASE_GAP_MIN_MS,
  type RekeyLimits,
  rekeyLimits,
  wholeOption,
} from '../base/limits.ts'
import { TAG_SIZE } from '../base/primitives.ts'
import type { CipherPair, SendState } from '../noise/handshake-state.ts'
import type { Role } from '../noise/patterns.ts'
import { claim } from '../records/record-claim.ts'
import { DATAGRAM_HEADER_SIZE, DATAGRAM_KIND, DATAGRAM_OVERHEAD, readU32, writeU32 } from './datagram.ts'
import { DatagramPhases } from './datagram-phases.ts'
import { ReplayWindow } from './replay-window.ts'

/** The two ends of a conversation in datagrams. */
export interface DatagramRecordsOptions {
  /** The side's role in the handshake. The initiator begins the key changes of both directions, the responder follows. */
  readonly role: Role
  /** By which the peer addresses this side: a whole number below 2^32, chosen here. */
  readonly ownId: number
  /** By which this side addresses the peer, chosen there. */
  readonly peerId: number
  /** How many counters back a datagram may come: a power of two from 64 to 8,192. Default 1,024. */
  readonly replayWindow?: number | undefined
  /** When the initiator takes the next keys, by what either direction has sealed. Can only be lowered. */
  readonly rekey?: Partial<RekeyLimits> | undefined
  /**
   * So many forged datagrams end the session, whatever their keys. Default, and most, the integrity limits of RFC 9001, section 6.6: 2^52 of
   * AES-256-GCM, 2^36 of ChaCha20-Poly1305. A lower one is a way for others to end the session.
   */
  readonly forgeriesMax?: number | undefined
}

const OPTIONS = ['role', 'ownId', 'peerId', 'replayWindow', 'rekey', 'forgeriesMax'] as const

/**
 * Why a datagram was dropped. Whatever it is, nothing is sent, thrown or changed but a count.
 *
 * - `malformed`: too short, another kind, or the counter that is never used.
 * - `other-receiver`: another receiver id.
 * - `replayed`, `too-old`: what the replay window says.
 * - `stale-key`, `early-key`: sealed with a key that is no longer kept; or with the next one, only seconds after the last change or by a
 *   responder that wasn't asked to.
 * - `forged`: the tag didn't match.
 * - `exhausted`: more datagrams with one key than its cipher bears.
 * - `closed`: the session has ended, by `close` or by too many forgeries.
 */
export type DatagramDrop =
  | 'malformed'
  | 'other-receiver'
  | 'replayed'
  | 'too-old'
  | 'stale-key'
  | 'early-key'
  | 'forged'
  | 'exhausted'
  | 'closed'

/**
 * Seals and opens the datagrams of one conversation, both directions. Keys of both directions change together: the initiator begins, the
 * responder follows as soon as it hears of it, and the initiator begins the next change only when it has heard the responder follow the last
 * one. So the two are never more than one phase apart, however many datagrams are lost: one bit is enough. (If both might begin,
 * hearing the other in a phase would not prove that he has heard this side in it.) Knows no socket and no clock: `now` is in ms and must not run backwards.
 */
export class DatagramRecords {
  readonly #role: Role
  readonly #ownId: number
  readonly #peerId: number
  readonly #send: SendState
  readonly #phases: DatagramPhases
  readonly #window: ReplayWindow
  readonly #limits: RekeyLimits
  readonly #stop: KeyStop
  readonly #forgeriesMax: number
  readonly #drops: Record<DatagramDrop, number> = {
    malformed: 0,
    'other-receiver': 0,
    replayed: 0,
    'too-old': 0,
    'stale-key': 0,
    'early-key': 0,
    forged: 0,
    exhausted: 0,
    closed: 0,
  }
  #isOpen = true
  #sendPhase = 0
  #changedAt: number
  /** Of the current sending key. */
  #sealed = 0
  #sealedBytes = 0
  #sealedSince = 0
  /** Of the current receiving key. */
  #opened = 0
  #openedBytes = 0
  /** Of the current receiving keys, and of all of them. */
  #forgeries = 0
  #forgeriesInAll = 0
  #heardAt: number

  /** Takes both states of a handshake for good: throws `used` if they were taken before. `now` is the time of the handshake. */
  constructor(states: Pick<CipherPair, 'send' | 'receive'>, options: DatagramRecordsOptions, now: number) {
    expectOptions('DatagramRecords', options, OPTIONS)
    if (options.role !== 'initiator' && options.role !== 'responder')
      throw new CipherError('option', `The role must be 'initiator' or 'responder', not ${options.role}`)
    this.#role = options.role
    this.#ownId = wholeOption('ownId', options.ownId, 0, 0xffffffff)
    this.#peerId = wholeOption('peerId', options.peerId, 0, 0xffffffff)
    this.#window = new ReplayWindow(options.replayWindow)
    this.#limits = rekeyLimits(states.send.cipher, options.rekey)
    this.#stop = keyStop(states.send.cipher)
    this.#forgeriesMax = forgeriesMax(states.receive.cipher, options.forgeriesMax)
    claim(states.send)
    claim(states.receive)
    this.#send = states.send
    this.#phases = new DatagramPhases(states.receive)
    this.#changedAt = now - PHASE_GAP_MIN_MS
    this.#heardAt = now
  }

  get state(): 'open' | 'closed' {
    return this.#isOpen ? 'open' : 'closed'
  }

  /** `suspicious` from 1,024 forgeries under one key on, `closed` from `forgeriesMax` in all on: then begin a new session. */
  get health(): 'good' | 'suspicious' | 'closed' {
    if (!this.#isOpen) return 'closed'
    return this.#forgeries >= FORGERY_WARNING_COUNT ? 'suspicious' : 'good'
  }

  /** When the last authentic datagram came: the sign of life to go by. No forged or repeated one moves it. */
  get heardAt(): number {
    return this.#heardAt
  }

  /** How many datagrams were dropped since the beginning, by reason. */
  get drops(): Readonly<Record<DatagramDrop, number>> {
    return this.#drops
  }

  /** How often the keys of each direction were changed. */
  get phases(): { readonly sending: number; readonly receiving: number } {
    return { sending: this.#sendPhase, receiving: this.#phases.phase }
  }

  /**
   * Seals `source[from, to)`, which may be empty, into `into` from `at` on, and answers where the datagram ends:
   * `DATAGRAM_OVERHEAD` (29) bytes more than the plaintext takes. In place if `into` is `source` and `at` is `from - 13`; otherwise the two
   * must not overlap. Throws `exhausted` when the key has come to its hard end without a word from the peer in its phase.
   */
  seal(source: Uint8Array, from: number, to: number, into: Uint8Array, at: number, now: number): number {
    if (!this.#isOpen) throw new CipherError('closed', 'This session was closed: nothing may follow')
    const size = to - from
    const end = at + size + DATAGRAM_OVERHEAD
    if (!(from >= 0 && size >= 0 && to <= source.length && at >= 0 && end <= into.length)) {
      const text = `The bytes from ${from} to ${to} take those from ${at} to ${end}, of ${source.length} and ${into.length}`
      throw new CipherError('size', text)
    }
    this.#mayRekey(now)
    if (this.#sealed >= this.#stop.records || this.#sealedBytes + size > this.#stop.bytes)
      throw new CipherError('exhausted', 'This key has sealed all it may, and the peer is silent: begin anew')
    const plaintext = source.subarray(from, to)
    const bodyStart = at + DATAGRAM_HEADER_SIZE
    const { counterLow, counterHigh } = this.#send
    into[at] = DATAGRAM_KIND | (this.#sendPhase & 1)
    writeU32(into, at + 1, this.#peerId)
    writeU32(into, at + 5, counterLow)
    writeU32(into, at + 9, counterHigh)
    if (this.#sealed === 0) this.#sealedSince = now
    this.#sealed++
    this.#sealedBytes += size
    this.#send.seal(into.subarray(at, bodyStart), plaintext, into.subarray(bodyStart, end))
    return end
  }

  /**
   * Opens a datagram, **in place**, and answers its plaintext, a part of `packet`; or why it was dropped. The order is: length, kind, receiver,
   * replay window, then the cipher; and only what is authentic moves the window, the keys or the time.
   */
  open(packet: Uint8Array, now: number): Uint8Array | DatagramDrop {
    if (!this.#isOpen) return this.#drop('closed')
    if (packet.length < DATAGRAM_OVERHEAD || (packet[0] & 0xfe) !== DATAGRAM_KIND)
      return this.#drop('malformed')
    if (readU32(packet, 1) !== this.#ownId) return this.#drop('other-receiver')
    const low = readU32(packet, 5)
    const high = readU32(packet, 9)
    if (high === 0xffffffff && low === 0xffffffff) return this.#drop('malformed')
    const verdict = this.#window.check(high, low)
    if (verdict !== 'new') return this.#drop(verdict)
    const phases = this.#phases
    // A key goes when its time is over, authentic datagram or not: that is the clock's doing.
    phases.settle(now)
    const choice = phases.choose(packet[0] & 1, high, low)
    if (choice === 'stale') return this.#drop('stale-key')
    const isUnasked = choice === 'next' && this.#role === 'initiator' && this.#sendPhase === phases.phase
    if (choice === 'early' || isUnasked) return this.#drop('early-key')
    const size = packet.length - DATAGRAM_OVERHEAD
    if (
      choice === 'current' &&
      (this.#opened >= this.#stop.records || this.#openedBytes + size > this.#stop.bytes)
    )
      return this.#drop('exhausted')
    const header = packet.subarray(0, DATAGRAM_HEADER_SIZE)
    const into = packet.subarray(DATAGRAM_HEADER_SIZE, packet.length - TAG_SIZE)
    if (!phases.open(choice, high, low, header, packet.subarray(DATAGRAM_HEADER_SIZE), into))
      return this.#forged()
    this.#window.mark(high, low)
    this.#heardAt = now
    if (choice === 'next') this.#follow(high, low, now)
    else if (choice === 'current') phases.seen(high, low)
    if (choice !== 'previous') {
      this.#opened++
      this.#openedBytes += size
    }
    return into
  }

  /** Forgets all keys. Everything that still comes is dropped. */
  close(): void {
    this.#isOpen = false
    this.#send.wipe('This session was closed')
    this.#phases.wipe('This session was closed')
  }

  /** The initiator's next sending key, when that is due, the responder has followed the last change, and that is long enough ago. */
  #mayRekey(now: number): void {
    if (this.#role === 'responder' || this.#sendPhase !== this.#phases.phase) return
    const { records, bytes, ageMs } = this.#limits
    const isDue =
      this.#sealed >= records ||
      this.#sealedBytes >= bytes ||
      this.#opened >= records ||
      this.#openedBytes >= bytes ||
      (this.#sealed > 0 && now - this.#sealedSince >= ageMs)
    if (isDue && now - this.#changedAt >= PHASE_GAP_MIN_MS) this.#changeSending(now)
  }

  /** The peer has changed its key; this side changes its own, unless it was the one to begin. */
  #follow(high: number, low: number, now: number): void {
    this.#phases.advance(high, low, now)
    this.#changedAt = now
    this.#opened = 0
    this.#openedBytes = 0
    this.#forgeries = 0
    if (this.#sendPhase < this.#phases.phase) this.#changeSending(now)
  }

  #changeSending(now: number): void {
    this.#send.rekey()
    this.#sendPhase++
    this.#changedAt = now
    this.#sealed = 0
    this.#sealedBytes = 0
  }

  #forged(): DatagramDrop {
    this.#forgeries++
    this.#forgeriesInAll++
    if (this.#forgeriesInAll >= this.#forgeriesMax) this.close()
    return this.#drop('forged')
  }

  #drop(reason: DatagramDrop): DatagramDrop {
    this.#drops[reason]++
    return reason
  }
}
