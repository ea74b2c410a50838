import { DatagramError } from '../base/datagram-error.ts'
import type { PacketContents } from '../base/packet-contents.ts'
import { u48Max } from '../base/u48.ts'
import { AckProgress } from './ack-progress.ts'
import type { AckReader } from './ack-reader.ts'
import { Bbr } from './bbr.ts'
import { type CongestionController, type ControllerFactory, initialWindow } from './congestion-controller.ts'
import { LossRun } from './loss-run.ts'
import { LostPackets } from './lost-packets.ts'
import { Pacer } from './pacer.ts'
import { PathCapacity } from './path-capacity.ts'
import { ProbeTimer } from './probe-timer.ts'
import { ackDelayLimitMs, type Wish } from './received-packets.ts'
import {
  initialRoundTripMs,
  positive,
  type RecoveryDue,
  type RecoveryOptions,
  type RecoveryOwner,
  type RecoveryStatistics,
} from './recovery-options.ts'
import { Reordering } from './reordering.ts'
import { RoundTrip } from './round-trip.ts'
import { type SentPacket, SentPackets, sentPacketsMax } from './sent-packets.ts'
import { SkippedNumbers } from './skipped-numbers.ts'

/** Places that `room` leaves for probes, which go out whatever it says. */
const probesReserved = 256

/** A lost packet is remembered for so many probe timeouts after it was sent, for the acknowledgement that shows that it was late. */
const lostMemory = 3

const makeBbr: ControllerFactory = (mtu, guessMs, seed) => new Bbr(mtu, guessMs, seed)

/** What the ack at hand has shown: one for all recoveries, as none keeps it. */
const progress = new AckProgress()

/**
 * Finds out which of our packets arrived, which are lost, and when more may leave: RFC 9002 with a controller that is handed in. Each packet is told
 * to the owner exactly once, as acked or as lost. Sends nothing and has no timer: the connection tells it what it sent, hands it acks, and asks `due`
 * at the `deadline`. Its memory is `sentPacketsMax` packets at most.
 */
export class Recovery {
  readonly roundTrip: RoundTrip
  readonly #owner: RecoveryOwner
  readonly #guessMs: number
  readonly #sent = new SentPackets()
  // Each is made when there is one of its kind.
  #lost: LostPackets | undefined
  #skipped: SkippedNumbers | undefined
  readonly #reordering = new Reordering()
  readonly #lossRun = new LossRun()
  readonly #probeTimer = new ProbeTimer()
  readonly #pacer: Pacer
  readonly #statistics = { sent: 0, lost: 0, spurious: 0, ackedBytes: 0 }
  readonly #capacity: PathCapacity
  #mtu: number
  #path = 0
  #bytesInFlight = 0
  #largestSent = -1
  #largestAcked = -1

  /** Throws `DatagramError` with `bad-option` when a number is none. */
  constructor({ owner, mtu, initialRttMs, controller, seed }: RecoveryOptions) {
    this.#owner = owner
    this.#mtu = positive('mtu', mtu)
    this.#guessMs = positive('initialRttMs', initialRttMs ?? initialRoundTripMs)
    this.roundTrip = new RoundTrip(this.#guessMs)
    this.#capacity = new PathCapacity(
      { makeController: controller ?? makeBbr, mtu, seed: seed ?? 0 },
      this.roundTrip,
      this.#sent,
    )
    this.#pacer = new Pacer(mtu, this.#capacity.pacingRate, initialWindow(mtu))
  }

  /** Bytes in flight on the path that is used. */
  get bytesInFlight(): number {
    return this.#bytesInFlight
  }

  /** Bytes that may be in flight. */
  get window(): number {
    return this.#capacity.window
  }

  /** Bytes per millisecond. */
  get pacingRate(): number {
    return this.#capacity.pacingRate
  }

  /** The controller in use; another one after `pathChanged`. Undefined while little was in flight, and nothing lost. */
  get controller(): CongestionController | undefined {
    return this.#capacity.controller
  }

  get statistics(): RecoveryStatistics {
    return this.#statistics
  }

  /**
   * A packet left. Without contents, or with a wish for `nothing`, it asks for no acknowledgement: it isn't counted, and nothing is told of it. `contents` is kept until the owner is
   * told. `patiently`: nothing in it is sent again, and the peer may be long in acknowledging it. Throws `DatagramError`: `bad-number` unless the number is above all before it and below 2^48, `full` when `sentPacketsMax` are in flight.
   */
  sent(
    number: number,
    size: number,
    contents: PacketContents | undefined,
    now: number,
    wish: Wish = 'soon',
  ): void {
    if (!(number > this.#largestSent && number <= u48Max)) {
      const text = `packet ${number} after packet ${this.#largestSent}; numbers go up, to 2^48 - 1`
      throw new DatagramError('bad-number', text)
    }
    if (number - this.#largestSent > 1) {
      this.#skipped ??= new SkippedNumbers()
      this.#skipped.add(this.#largestSent + 1, number - 1)
    }
    this.#largestSent = number
    if (contents === undefined || wish === 'nothing') return
    if (this.#sent.free === 0) {
      throw new DatagramError('full', `${sentPacketsMax} packets are in flight; send when there is room`)
    }
    const packet = this.#sent.add(number, size, contents, now, wish === 'patiently')
    packet.path = this.#path
    this.#capacity.packetSent(packet, this.#bytesInFlight, now)
    this.#pacer.setRate(this.#capacity.pacingRate, now)
    this.#pacer.take(size, now)
    this.#bytesInFlight += size
    this.#probeTimer.sent(wish, now)
    this.#statistics.sent++
  }

  /** Takes an ack in. Returns '', or what the peer did wrong: nothing was changed then. */
  acked(ack: AckReader, now: number): string {
    if (ack.count === 0) return 'an ack without a range'
    if (ack.largest > this.#largestSent)
      return `an ack of packet ${ack.largest}; the last one sent is ${this.#largestSent}`
    const skipped = this.#skipped === undefined ? -1 : this.#skipped.foundIn(ack)
    if (skipped >= 0) return `an ack of packet ${skipped}, which was never sent`
    this.#begin(now)
    const count = this.#sent.inFlightCount
    this.#walk(ack, now)
    this.#walkLost(ack, now)
    if (ack.largest > this.#largestAcked) this.#largestAcked = ack.largest
    if (this.#sent.inFlightCount < count) this.#probeTimer.acked()
    this.#reordering.rest(this.roundTrip, now)
    this.#conclude(now)
    return ''
  }

  /**
   * Bytes that may leave now: the window less what is in flight, as far as the pacer has tokens for it. A packet that is larger waits whole; don't cut
   * one to fit.
   */
  room(now: number): number {
    const room = Math.min(this.#capacity.window - this.#bytesInFlight, this.#pacer.available(now))
    return room > 0 && this.#sent.free > probesReserved ? room : 0
  }

  /** For a packet of this size that waits for `room`: returns when it is worth asking again; `Infinity` when only an ack or a loss can make some. */
  waitForRoom(size: number): number {
    const isFull = this.#capacity.window - this.#bytesInFlight < size || this.#sent.free <= probesReserved
    return isFull ? Number.POSITIVE_INFINITY : this.#pacer.wait()
  }

  /** There is nothing to send although there is room. To be said each time, or the path is taken to be as slow as the sender. */
  appLimited(): void {
    this.#capacity.appLimited(this.#bytesInFlight)
  }

  /** When `due` must be asked, in milliseconds; `Infinity` while nothing is in flight. */
  get deadline(): number {
    const { head, end } = this.#sent
    if (head === end) return Number.POSITIVE_INFINITY
    const packet = this.#sent.at(head)
    if (packet.number < this.#largestAcked) return packet.sentAt + this.#reordering.delayMs(this.roundTrip)
    return this.#probeTimer.deadline(this.#sent.urgentCount > 0 ? 'soon' : 'patiently', this.roundTrip)
  }

  /** It is worth hearing soon of the next packet of `size` bytes, whatever it carries: the window is half full with it, or nothing is known of the path. */
  isNewsWanted(size: number): boolean {
    return 2 * (this.#bytesInFlight + size) > this.#capacity.window || !this.roundTrip.isKnown
  }

  /** What is due now. Ask again until it is `idle`, after each `probe` when the probes were sent. */
  due(now: number): RecoveryDue {
    if (now < this.deadline) return 'idle'
    if (this.#sent.at(this.#sent.head).number > this.#largestAcked) {
      this.#probeTimer.probed(now)
      return 'probe'
    }
    this.#begin(now)
    this.#conclude(now)
    return 'lost'
  }

  /**
   * What the oldest packets in flight carry, 0 for the oldest: worth carrying again in a probe, although they aren't given up. Borrowed until
   * the next call. Undefined when there are not so many.
   */
  inFlight(index: 0 | 1): PacketContents | undefined {
    return this.#sent.oldest(index)?.contents
  }

  /** A full packet has another size from now on. Throws `DatagramError` with `bad-option`. */
  setMtu(mtu: number): void {
    this.#mtu = positive('mtu', mtu)
    this.#capacity.setMtu(mtu)
    this.#pacer.setMtu(mtu)
  }

  /** Packets take another path from now on. Nothing is known of it; what is in flight on the old one is still acked or lost, and counts for nothing. */
  pathChanged(now: number): void {
    this.#path++
    this.#bytesInFlight = 0
    this.#probeTimer.acked()
    this.roundTrip.reset(this.#guessMs)
    this.#reordering.reset()
    this.#lossRun.end()
    this.#capacity.reset()
    this.#pacer.restart(this.#capacity.pacingRate, initialWindow(this.#mtu), now)
  }

  #begin(now: number): void {
    progress.begin(this.roundTrip, this.#bytesInFlight, now)
    this.#capacity.begin()
  }

  /** Gives up what is lost by now, and hands the controller what was seen since `#begin`. */
  #conclude(now: number): void {
    const isBlocked = this.#detect(now)
    this.#capacity.conclude(progress, this.#bytesInFlight, isBlocked)
    if (isBlocked) this.roundTrip.forgetLeast()
    this.#pacer.setRate(this.#capacity.pacingRate, now)
  }

  /** Each range from the highest down, in it each packet in flight. What lies below all of those costs nothing. */
  #walk(ack: AckReader, now: number): void {
    const sent = this.#sent
    for (let index = 0; index < ack.count; index++) {
      const low = ack.lows[index]
      let position = sent.unsettledAtOrBelow(sent.positionOf(ack.highs[index]))
      while (position >= sent.head && sent.at(position).number >= low) {
        this.#arrived(sent.at(position), position, ack, now)
        position = sent.unsettledAtOrBelow(position - 1)
      }
      if (position < sent.head) return
    }
  }

  #arrived(packet: SentPacket, position: number, ack: AckReader, now: number): void {
    const { size, contents, number, sentAt } = packet
    if (packet.path === this.#path) {
      this.#capacity.acked(packet, now)
      if (number === ack.largest && number > this.#largestAcked) {
        progress.roundTripMs = this.roundTrip.heard(now - sentAt, ack.delayMs, packet.isPatient, now)
      }
      if (number < this.#largestAcked) {
        this.#reordering.overtaken(this.#largestAcked - number, now - sentAt, this.roundTrip, now)
      }
      this.#bytesInFlight -= size
      progress.ackedBytes += size
    }
    this.#sent.settle(position)
    this.#statistics.ackedBytes += size
    if (contents !== undefined) this.#owner.acked(contents, now)
  }

  /** Those that were given up, and arrived after all. */
  #walkLost(ack: AckReader, now: number): void {
    const lost = this.#lost
    if (lost === undefined) return
    const since = now - lostMemory * this.roundTrip.probeTimeoutMs(ackDelayLimitMs)
    lost.begin()
    for (let late = lost.next(ack, since); late !== undefined; late = lost.next(ack, since)) {
      const { size, sentAt, path } = late
      this.#statistics.spurious++
      this.#statistics.ackedBytes += size
      if (path !== this.#path) continue
      this.#lossRun.end()
      progress.ackedBytes += size
      this.#reordering.spurious(now - sentAt, this.roundTrip, now)
      this.#capacity.late(size, sentAt)
    }
  }

  /** Gives up what counts as lost (RFC 9002, 6.1). Returns whether that shows persistent congestion. Each is older than the next, so the first one
   * that isn't lost ends the search. */
  #detect(now: number): boolean {
    const sent = this.#sent
    const packets = this.#reordering.packets
    const delayMs = this.#reordering.delayMs(this.roundTrip)
    let isBlocked = false
    // What is passed here arrived; what is given up below is passed without a word.
    if (sent.advance() === 'passed-settled') this.#lossRun.end()
    while (sent.head < sent.end) {
      const packet = sent.at(sent.head)
      const { number, size, sentAt, contents, path } = packet
      const isOvertaken = this.#largestAcked - number >= packets
      if (number > this.#largestAcked || !(isOvertaken || sentAt + delayMs <= now)) break
      if (path === this.#path) {
        this.#bytesInFlight -= size
        progress.lostBytes += size
        progress.newestLostSentAt = sentAt
        if (this.#lossRun.lost(sentAt, this.roundTrip)) isBlocked = true
      }
      sent.settle(sent.head)
      sent.head++
      this.#lost ??= new LostPackets()
      this.#lost.add(number, size, sentAt, path)
      this.#statistics.lost++
      if (contents !== undefined) this.#owner.lost(contents, now)
      if (sent.advance() === 'passed-settled') this.#lossRun.end()
    }
    return isBlocked
  }
}
