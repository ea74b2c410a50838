import { systemError } from '../base/system-error.ts'
import { flag, type Segment } from '../net/packet.ts'
import type { Machine } from './machine.ts'
import { TcpReceiver } from './tcp-receiver.ts'
import { TcpSender, type TcpSenderOwner } from './tcp-sender.ts'

/** Both ends of a connection, as the one here sees them. */
export interface Ends {
  readonly localHost: string
  readonly localPort: number
  readonly remoteHost: string
  readonly remotePort: number
}

/** What a socket tells the program's side. Called from the network, outside of any program. */
export interface TcpSocketOwner {
  /** The peer has answered: bytes can be sent. */
  connected(): void
  /** Bytes came, or the end. */
  readable(): void
  /** There is room for more. */
  writable(): void
  /** It is over. Nothing is told after it. */
  failed(error: Error): void
}

/** What a socket needs of the stack it belongs to. */
export interface TcpSocketHome {
  readonly machine: Machine
  /** A connection to a listener is there. */
  established(socket: TcpSocket): void
  /** `ended`: both directions, in order. `broken`: otherwise. */
  gone(socket: TcpSocket, how: 'ended' | 'broken'): void
}

const nothing = new Uint8Array(0)

/** When an opening is tried again, and how often: by Linux after 1, 2, 4 s and so on; given up after about two minutes, or, by who accepts, one. */
const openAgainMs = 1000
const openTriesMax = { connecting: 7, accepting: 6 } as const
/** A connection of which the program wants nothing more: so long may it try to bring away what was sent. */
const orphanMs = 120_000

/** One end of a connection of TCP, as the system of a host has it: it goes on while the program stands still. */
export class TcpSocket implements TcpSenderOwner {
  readonly ends: Ends
  /** Why it broke. */
  error: Error | undefined
  readonly #home: TcpSocketHome
  readonly #sender: TcpSender
  readonly #receiver: TcpReceiver
  /** Tells this connection from others between the same ends. */
  readonly #draw: number
  #peerDraw = -1
  #state: 'connecting' | 'accepting' | 'open' | 'closed'
  #owner: TcpSocketOwner | undefined
  #isOrphan = false
  #tries = 0
  #hasAllAcked = false

  constructor(home: TcpSocketHome, ends: Ends, role: 'connecting' | 'accepting', peerDraw = -1) {
    const { machine } = home
    this.#home = home
    this.ends = ends
    this.#draw = machine.random.integer(0, 0x7fffffff)
    this.#peerDraw = peerDraw
    this.#state = role
    this.#sender = new TcpSender(machine.time, this, machine.socketBufferBytes)
    this.#receiver = new TcpReceiver(machine.socketBufferBytes)
  }

  /** Whether it was established, be it over now. */
  wasOpen = false

  get isOver(): boolean {
    return this.#state === 'closed'
  }

  get room(): number {
    return this.#state === 'open' ? this.#sender.room : 0
  }

  get unread(): number {
    return this.#receiver.unread
  }

  /** Whether the peer has ended and all was read. */
  get isAtEnd(): boolean {
    return this.#receiver.hasEnd && this.#receiver.unread === 0
  }

  /** Opens, or answers who wants to open. */
  begin(): void {
    const state = this.#state
    if (state !== 'connecting' && state !== 'accepting') return
    if (++this.#tries > openTriesMax[state]) {
      this.#fail('ETIMEDOUT')
      return
    }
    this.#transmit(state === 'connecting' ? flag.syn : flag.syn | flag.ack, 0, nothing)
    const { time } = this.#home.machine
    const tries = this.#tries
    time.at(time.now() + openAgainMs * 2 ** (tries - 1), () => {
      if (this.#state === state && this.#tries === tries) this.begin()
    })
  }

  /** Says who is told. */
  start(owner: TcpSocketOwner): void {
    this.#owner = owner
  }

  /** Takes bytes to be sent, at most `room`. */
  write(bytes: Uint8Array): void {
    this.#sender.append(bytes)
  }

  /** Sends what was written. */
  push(): void {
    if (this.#state === 'open') this.#sender.push()
  }

  /** Ends this direction after everything written. */
  end(): void {
    if (this.#state === 'open') this.#sender.end()
  }

  /** Takes out bytes that came: the window opens by them. */
  read(sizeMax: number): Uint8Array<ArrayBuffer> {
    const before = this.#receiver.window
    const bytes = this.#receiver.take(sizeMax)
    const { socketBufferBytes } = this.#home.machine
    // The peer is told when it matters: when it might have stopped, and can send much again.
    const isNews = before < socketBufferBytes / 2 && this.#receiver.window >= socketBufferBytes / 2
    if (isNews && this.#state === 'open') this.#acknowledge()
    return bytes
  }

  /** The program wants nothing more of it. What was written is still sent, with an end; unread bytes break it off. */
  abandon(): void {
    this.#owner = undefined
    if (this.#state === 'closed') return
    if (this.#state !== 'open' || this.#receiver.unread > 0) return this.reset()
    this.#isOrphan = true
    const { time } = this.#home.machine
    time.at(time.now() + orphanMs, () => {
      if (this.#state !== 'closed') this.reset()
    })
    this.#sender.end()
    this.#endIfDone()
  }

  /** Breaks the connection off, and tells the peer. */
  reset(): void {
    if (this.#state === 'closed') return
    if (this.#peerDraw >= 0) this.#transmit(flag.rst, this.#sender.next, nothing)
    this.#close('broken')
  }

  /** It is gone without a word, as the machine is. */
  vanish(): void {
    this.#owner = undefined
    this.#state = 'closed'
    this.#sender.close()
  }

  /** A segment came. */
  arrived(segment: Segment): void {
    const { flags, draw, peerDraw } = segment
    if (peerDraw >= 0 && peerDraw !== this.#draw) return
    if (this.#state === 'connecting') return this.#answered(segment)
    // An opening that comes again, of this connection or of an older one, changes nothing.
    if ((flags & flag.syn) !== 0) {
      if (this.#state === 'open' && draw === this.#peerDraw) this.#acknowledge()
      else if (this.#state === 'accepting' && draw === this.#peerDraw)
        this.#transmit(flag.syn | flag.ack, 0, nothing)
      return
    }
    if (draw !== this.#peerDraw) return
    if ((flags & flag.rst) !== 0) return this.#fail('ECONNRESET')
    if (this.#state === 'accepting') {
      this.#state = 'open'
      this.wasOpen = true
      this.#home.established(this)
    }
    this.#took(segment)
  }

  transmit(seq: number, bytes: Uint8Array, end: 'more' | 'fin'): void {
    this.#transmit(end === 'fin' ? flag.ack | flag.fin : flag.ack, seq, bytes)
  }

  roomMade(): void {
    this.#owner?.writable()
  }

  allAcked(): void {
    this.#hasAllAcked = true
    this.#endIfDone()
  }

  timedOut(): void {
    this.#fail('ETIMEDOUT')
  }

  /** The answer to an opening. */
  #answered({ flags, draw, window, peerDraw }: Segment): void {
    if ((flags & flag.rst) !== 0) return this.#fail('ECONNREFUSED')
    if ((flags & flag.syn) === 0 || peerDraw !== this.#draw) return
    this.#peerDraw = draw
    this.#state = 'open'
    this.#sender.acked(0, window, 'with-bytes')
    this.#acknowledge()
    this.#owner?.connected()
  }

  #took({ flags, seq, ack, window, bytes }: Segment): void {
    const isEnd = (flags & flag.fin) !== 0
    const isBare = bytes.length === 0 && !isEnd
    this.#sender.acked(ack, window, isBare ? 'bare' : 'with-bytes')
    if (isBare || this.isOver) return
    // No program will read it: the peer must know. What was read before may come again.
    const isNews = bytes.length > 0 && seq + bytes.length > this.#receiver.next
    if (this.#isOrphan && isNews) return this.reset()
    this.#receiver.arrived(seq, bytes, isEnd ? 'fin' : 'more')
    this.#acknowledge()
    this.#owner?.readable()
    this.#endIfDone()
  }

  #acknowledge(): void {
    this.#transmit(flag.ack, this.#sender.next, nothing)
  }

  #transmit(flags: number, seq: number, bytes: Uint8Array): void {
    const { machine } = this.#home
    const { localHost, localPort, remoteHost, remotePort } = this.ends
    const segment: Segment = {
      flags,
      seq,
      ack: this.#receiver.next,
      window: this.#receiver.window,
      draw: this.#draw,
      peerDraw: this.#peerDraw,
      bytes,
    }
    machine.network.send(machine.station, {
      kind: 'tcp',
      fromHost: localHost,
      fromPort: localPort,
      toHost: remoteHost,
      toPort: remotePort,
      segment,
    })
  }

  /** Both sides have ended, and each knows of the other's end. A program that still reads holds it open for itself alone. */
  #endIfDone(): void {
    if (this.#hasAllAcked && this.#receiver.hasEnd && this.#state === 'open') this.#close('ended')
  }

  #fail(code: string): void {
    if (this.#state === 'closed') return
    const { remoteHost, remotePort } = this.ends
    this.error = systemError(code, `tcp://${remoteHost}:${remotePort}`)
    this.#close('broken')
    this.#owner?.failed(this.error)
  }

  #close(how: 'ended' | 'broken'): void {
    this.#state = 'closed'
    this.#sender.close()
    this.#home.gone(this, how)
  }
}
