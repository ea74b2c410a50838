import { pair } from '@millrace/testkit'
import { array, f32, type Infer, struct, text, u8, u16, u32 } from 'bitsery-ts'
import { describe, expect, it } from 'vitest'
import { bits } from './bits.ts'
import { contract, request } from './contract.ts'

const place = struct({ id: u16, x: f32, y: f32, angle: u16 })

const game = contract({
  input: { tick: u32, buttons: u16, x: u8, y: u8 },
  move: { id: u16, x: f32, y: f32, angle: u16 },
  hit: { by: u16, target: u16, damage: u8 },
  snapshot: { tick: u32, players: array(place, 100) },
  chat: { from: u16, line: text(200) },
  buy: request({ item: u16 }, { left: u32 }),
})

/** Of a thousand frames of a server and its players. */
const mix = { move: 550, input: 250, hit: 80, snapshot: 80, chat: 20, buy: 10 } as const

const players: Infer<typeof place>[] = Array.from({ length: 30 }, (_, id) => ({ id, x: id, y: 1, angle: 2 }))
const bodies = {
  input: { tick: 1, buttons: 2, x: 3, y: 4 },
  move: { id: 1, x: 2, y: 3, angle: 4 },
  hit: { by: 1, target: 2, damage: 3 },
  snapshot: { tick: 1, players },
  chat: { from: 1, line: 'well played, see you next time' },
  buy: { item: 9 },
}

describe('headers on a usual mix of a game', () => {
  it('take 1.23 bytes a frame', async () => {
    const { rig, accepted, opened } = await pair({ protocol: bits(game) as never })
    accepted.on('buy', () => ({ left: 3 }))
    const written = () => opened.statistics().bytesOut + accepted.statistics().bytesOut
    const before = written()
    let bodySizes = 0
    const replies: Promise<unknown>[] = []
    for (const [key, count] of Object.entries(mix)) {
      const { schema, reply } = game.entries.find((entry) => entry.key === key)!
      for (let left = count; left > 0; left--) {
        const body = bodies[key as keyof typeof bodies]
        bodySizes += schema.measure(body) + (reply?.measure({ left: 3 }) ?? 0)
        if (reply === undefined) opened.send(key, body)
        else replies.push(opened.request(key, body))
      }
      await rig.loop.settle()
    }
    await rig.until(Promise.all(replies))
    const frames = Object.values(mix).reduce((sum, count) => sum + count, 0) + mix.buy
    expect(frames).toBe(1000)
    expect((written() - before - bodySizes) / frames).toBeCloseTo(1.23, 2)
    await rig.end()
  })
})
