import type { SegmentBatch } from '@millrace/buffer'
import type { Link, LinkOwner } from '@millrace/core'
import type { Wake } from '@millrace/timer'
import { systemError } from '../base/system-error.ts'
import type { Machine } from './machine.ts'
import type { TcpSocket, TcpSocketOwner } from './tcp-socket.ts'

/** The most that a program reads at once, in bytes: as Node does. */
const readMax = 65_536
const overwritten = 0xee

interface Write {
  readonly batch: SegmentBatch
  segment: number
  offset: number
}

/** One end of a stream as a pipe has it: what the system doesn't take waits here, and what comes is told in events of the program. */
export class TcpLink implements Link, TcpSocketOwner {
  readonly peerAddress: string
  readonly #machine: Machine
  readonly #socket: TcpSocket
  readonly #ownership: 'given' | 'lent'
  readonly #left: (link: TcpLink) => void
  #owner: LinkOwner | undefined
  #state: 'fresh' | 'open' | 'over' = 'fresh'
  readonly #writes: Write[] = []
  #isEnding = false
  #isReading = true
  #hasToldEnd = false
  #error: Error | undefined
  /** Bytes that the system took, of which the owner has not been told. */
  #sentSize = 0
  #isTelling = false
  #reading: Wake | undefined
  #retry: Wake | undefined

  /** `left` is called when the program is done with it. */
  constructor(
    machine: Machine,
    socket: TcpSocket,
    ownership: 'given' | 'lent',
    left: (link: TcpLink) => void,
  ) {
    this.#machine = machine
    this.#socket = socket
    this.#ownership = ownership
    this.#left = left
    this.peerAddress = socket.ends.remoteHost
    socket.start(this)
    // It may have broken before it was taken.
    if (socket.error !== undefined) this.failed(socket.error)
  }

  start(owner: LinkOwner): void {
    this.#owner = owner
    if (this.#state === 'over') return void this.#event(() => owner.gone(this.#error))
    this.#state = 'open'
    this.#readLater()
  }

  send(batch: SegmentBatch, report?: 'unless-left'): 'left' | 'waits' {
    if (this.#state !== 'open' || batch.segments.length === 0 || this.#isEnding) {
      batch.release()
      return 'left'
    }
    const isFirst = this.#writes.length === 0
    const sentBefore = this.#sentSize
    this.#writes.push({ batch, segment: 0, offset: 0 })
    if (isFirst) this.#write()
    if (report === 'unless-left' && this.#writes.length === 0) {
      this.#sentSize = sentBefore
      return 'left'
    }
    this.#tellSent()
    return 'waits'
  }

  pause(): void {
    this.#isReading = false
  }

  resume(): void {
    this.#isReading = true
    this.#readLater()
  }

  end(): void {
    if (this.#isEnding || this.#state !== 'open') return
    this.#isEnding = true
    if (this.#writes.length === 0) this.#ended()
  }

  destroy(): void {
    if (this.#state === 'over') return
    this.#socket.abandon()
    this.#over(undefined)
  }

  describe(): string {
    const { remoteHost, remotePort } = this.#socket.ends
    return `tcp://${remoteHost}:${remotePort}`
  }

  /** The same, and who holds it. */
  describeBoth(): string {
    const { localHost, localPort } = this.#socket.ends
    return `a link from ${localHost}:${localPort} to ${this.describe()}`
  }

  /** Something on the way breaks the connection off. */
  reset(): void {
    this.failed(systemError('ECONNRESET', this.describe()))
    this.#socket.vanish()
  }

  connected(): void {}

  readable(): void {
    this.#readLater()
  }

  writable(): void {
    if (this.#writes.length === 0 || this.#retry !== undefined) return
    this.#write()
    this.#tellSent()
  }

  failed(error: Error): void {
    this.#over(error)
  }

  #event(run: () => void, inMs = 0): Wake {
    const { events, time } = this.#machine
    return events.eventAt(time.now() + inMs, run)
  }

  /** Hands the system as much as it takes. */
  #write(): void {
    const fault = this.#machine.faults.of('write', this.describe())
    if (fault?.code === 'EAGAIN') return this.#writeAgain()
    if (fault !== undefined) {
      this.#socket.reset()
      return this.#over(fault)
    }
    for (let room = this.#socket.room; room > 0 && this.#writes.length > 0; room = this.#socket.room) {
      const write = this.#writes[0]
      const segment = write.batch.segments[write.segment]
      const isWhole = write.offset === 0 && segment.length <= room
      const bytes = isWhole ? segment : segment.subarray(write.offset, write.offset + room)
      this.#socket.write(bytes)
      this.#sentSize += bytes.length
      write.offset += bytes.length
      if (write.offset < segment.length) continue
      write.segment++
      write.offset = 0
      if (write.segment < write.batch.segments.length) continue
      this.#writes.shift()
      write.batch.release()
    }
    this.#socket.push()
    if (this.#isEnding && this.#writes.length === 0) this.#ended()
  }

  #writeAgain(): void {
    this.#retry ??= this.#event(() => {
      this.#retry = undefined
      if (this.#state !== 'open') return
      this.#write()
      this.#tellSent()
    }, 1)
  }

  #tellSent(): void {
    if (this.#isTelling || this.#sentSize === 0) return
    this.#isTelling = true
    this.#event(() => {
      this.#isTelling = false
      const size = this.#sentSize
      this.#sentSize = 0
      if (size > 0 && this.#state === 'open') this.#owner?.sent(size)
    })
  }

  #readLater(inMs = 0): void {
    if (this.#reading !== undefined || !this.#isReading || this.#state !== 'open' || this.#hasToldEnd) return
    if (this.#socket.unread === 0 && !this.#socket.isAtEnd) return
    this.#reading = this.#event(() => {
      this.#reading = undefined
      if (this.#state === 'open' && this.#isReading) this.#read()
    }, inMs)
  }

  #read(): void {
    if (this.#socket.isAtEnd) return this.#tellEnd()
    const fault = this.#machine.faults.of('read', this.describe())
    if (fault?.code === 'EAGAIN') return this.#readLater(1)
    if (fault !== undefined) {
      this.#socket.reset()
      return this.#over(fault)
    }
    const bytes = this.#socket.read(this.#pieceSize())
    const { length } = bytes
    this.#owner?.received(bytes, this.#ownership)
    if (this.#ownership === 'lent') bytes.fill(overwritten)
    const { readBytesPerSecond } = this.#machine
    this.#readLater(
      readBytesPerSecond === Number.POSITIVE_INFINITY ? 0 : (length * 1000) / readBytesPerSecond,
    )
  }

  #pieceSize(): number {
    const { pieces, random, readBytesPerSecond } = this.#machine
    if (pieces === 'bytes') return 1
    const most = Math.min(readMax, Math.max(1, Math.floor(readBytesPerSecond / 20)))
    return pieces === 'whole' ? most : random.integer(1, random.chance(0.5) ? Math.min(100, most) : most)
  }

  #tellEnd(): void {
    this.#hasToldEnd = true
    this.#owner?.ended()
    this.#goIfDone()
  }

  #ended(): void {
    this.#socket.end()
    this.#goIfDone()
  }

  #goIfDone(): void {
    const isDone = this.#hasToldEnd && this.#isEnding && this.#writes.length === 0
    if (!isDone || this.#state === 'over') return
    this.#socket.abandon()
    this.#over(undefined)
  }

  #over(error: Error | undefined): void {
    if (this.#state === 'over') return
    const isStarted = this.#state === 'open'
    this.#state = 'over'
    this.#error = error
    this.#reading?.cancel()
    this.#retry?.cancel()
    for (const { batch } of this.#writes.splice(0)) batch.release()
    this.#left(this)
    if (isStarted) this.#event(() => this.#owner?.gone(error))
  }
}
