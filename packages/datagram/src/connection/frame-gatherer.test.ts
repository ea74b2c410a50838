import { Random } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'
import { FrameGatherer } from './frame-gatherer.ts'

function taker() {
  const taken: number[][] = []
  return { taken, frames: (bytes: Uint8Array) => void taken.push([...bytes]) }
}

const packet = Uint8Array.from({ length: 100 }, (_, index) => index)

describe('a gatherer of frames', () => {
  it('hands on a run where it lies, in one call', () => {
    const gatherer = new FrameGatherer()
    const shown: Uint8Array[] = []
    const owner = { frames: (bytes: Uint8Array) => void shown.push(bytes) }
    gatherer.add(packet, 3, 10, owner)
    gatherer.add(packet, 10, 20, owner)
    expect(shown).toEqual([])
    gatherer.flush(owner)
    expect(shown).toHaveLength(1)
    expect(shown[0].buffer).toBe(packet.buffer)
    expect([...shown[0]]).toEqual([...packet.subarray(3, 20)])
  })

  it('copies together what lies apart, in its order', () => {
    const gatherer = new FrameGatherer()
    const { taken, frames } = taker()
    gatherer.add(packet, 3, 5, { frames })
    gatherer.add(packet, 7, 9, { frames })
    gatherer.addPassing(Uint8Array.of(200, 201), 0, 2, { frames })
    gatherer.add(packet, 20, 21, { frames })
    gatherer.flush({ frames })
    expect(taken).toEqual([[3, 4, 7, 8, 200, 201, 20]])
  })

  it('is empty after a flush', () => {
    const gatherer = new FrameGatherer()
    const { taken, frames } = taker()
    gatherer.flush({ frames })
    gatherer.add(packet, 0, 2, { frames })
    gatherer.flush({ frames })
    gatherer.flush({ frames })
    gatherer.add(packet, 2, 4, { frames })
    gatherer.flush({ frames })
    expect(taken).toEqual([
      [0, 1],
      [2, 3],
    ])
  })

  it.each([1, 2, 3])('loses and mixes nothing, whatever the sizes are, seed %i', (seed) => {
    const random = new Random(seed)
    const gatherer = new FrameGatherer()
    const heard: number[] = []
    let heardSize = 0
    const owner = {
      frames: (bytes: Uint8Array) => {
        heardSize += bytes.length
        // Each frame begins with its number, and ends there: the others are zeros.
        for (const byte of bytes) if (byte > 0) heard.push(byte)
      },
    }
    const told: number[] = []
    let toldSize = 0
    for (let count = 0; count < 200; count++) {
      const bytes = new Uint8Array(random.pick([1, 10, 300, 40_000, 65_536, 70_000]))
      bytes[0] = random.integer(1, 255)
      told.push(bytes[0])
      toldSize += bytes.length
      if (random.chance(0.5)) gatherer.add(bytes, 0, bytes.length, owner)
      else gatherer.addPassing(bytes, 0, bytes.length, owner)
      if (random.chance(0.2)) gatherer.flush(owner)
    }
    gatherer.flush(owner)
    expect(heard).toEqual(told)
    expect(heardSize).toBe(toldSize)
  })
})
