import { contentsStride, type PacketContents } from '../base/packet-contents.ts'
import type { RecoveryOwner } from '../recovery/recovery-options.ts'
import { remembered } from './contents.ts'
import type { Machines } from './machines.ts'

/** Tells each machine what became of what it gave a packet to carry. */
export class Outcomes implements RecoveryOwner {
  /** Set once, by who makes both. */
  machines!: Machines
  /** The first frame of the first lane has arrived, whole: the hello. */
  hasBegun = false
  /** The end of what this side has to say: it is to be told again, or was heard. */
  end: 'open' | 'lost' | 'heard' = 'open'

  acked(contents: PacketContents, now: number): void {
    const { handshake, received, outgoing, mtu, sorter } = this.machines
    for (let index = 0; index < contents.length; index += contentsStride) {
      const what = contents[index]
      const a = contents[index + 1]
      const b = contents[index + 2]
      if (what < remembered.handshake) {
        outgoing.acked(what, a, b)
        // More of the lane may arrive before it.
        if (what === 0 && !this.hasBegun) this.hasBegun = outgoing.arrived(0) >= sorter.firstSize
      } else if (what === remembered.size) mtu.heard(a, 'arrived', now)
      else if (what === remembered.ack) received.acknowledged(a)
      else if (what === remembered.handshake) handshake.acked(a, b)
      else if (what === remembered.end) this.end = 'heard'
      else if (what === remembered.probe) {
        mtu.arrived(a)
        this.machines.resize()
      }
    }
  }

  lost(contents: PacketContents, now: number): void {
    const { mtu } = this.machines
    for (let index = 0; index < contents.length; index += contentsStride) {
      const what = contents[index]
      const a = contents[index + 1]
      if (what === remembered.probe) mtu.lost(a, now)
      else if (what === remembered.size) {
        if (mtu.heard(a, 'lost', now)) this.machines.resize()
      } else this.again(what, a, contents[index + 2])
    }
  }

  /** What of a packet still counts is to be sent again. */
  again(what: number, a: number, b: number): void {
    const { handshake, windows, outgoing } = this.machines
    if (what < remembered.handshake) outgoing.lost(what, a, b)
    else if (what === remembered.handshake) handshake.lost(a)
    else if (what === remembered.window) windows.lost(a)
    else if (what === remembered.end && this.end !== 'heard') this.end = 'lost'
  }
}
