import { ProtoFactory } from 'millrace'
import { afterEach, describe, expect, it } from 'vitest'
import { Child } from '../../fixtures/child.ts'
import { within } from '../../fixtures/until.ts'

const factory = new ProtoFactory({ highWaterBytes: 262_144 })
const children: Child[] = []
const pipes: { destroy(): void }[] = []

/** Twice as large in memory as it is taken to be. */
const filling = Array.from({ length: 900 }, (_, index) => index % 100)

const hoarders = 200
const bytesMax = 32 * 1024 * 1024

afterEach(async () => {
  for (const pipe of pipes.splice(0)) pipe.destroy()
  for (const child of children.splice(0)) await child.stop()
})

describe('a server with a heap of 256 MB', () => {
  it('outlives 200 peers that are each within their limits, and serves others meanwhile', async () => {
    const child = Child.start(
      'small-server-program.ts',
      { bytesMax },
      { flags: ['--max-old-space-size=256'] },
    )
    children.push(child)
    const port = (await child.said('bound')).port as number
    const client = factory.create('tcp', '127.0.0.1', port, 'msgpack')
    pipes.push(client)
    const small = await client.open()
    const open = [await client.open()]
    for (let count = 1; count < hoarders; count++) open.push(await client.open())
    const fill = () => {
      for (const channel of open) while (channel.isOpen && channel.send('hoard', filling) === 'queued');
    }
    let asked = 0
    const filled = setInterval(fill, 20)
    try {
      fill()
      while (open.every(({ isOpen }) => isOpen)) {
        expect(await within('a reply', small.request('ask', asked))).toBe(asked)
        asked++
      }
    } finally {
      clearInterval(filled)
    }
    expect(await within('a reply', small.request('ask', 'still'))).toBe('still')
    child.tell('report')
    const { heldMax, ends } = await child.said('report')
    expect(Object.keys(ends as object)).toEqual(['total-overflow'])
    expect(heldMax).toBeLessThan(3 * bytesMax)
    expect(open.find(({ isOpen }) => !isOpen)?.reason).toMatchObject({ code: 'closed', why: 'overflow' })
    child.tell('close')
    expect((await child.ended()).code).toBe(0)
  })
})
