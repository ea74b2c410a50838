import { describe, expect, it } from 'vitest'
import { pair } from './pair.ts'

describe('pair', () => {
  it('opens a channel, carries messages both ways and leaves nothing', async () => {
    const { rig, accepted, opened } = await pair()
    const heard: unknown[] = []
    accepted.on('ask', (body) => {
      heard.push(body)
      accepted.send('answer', { to: body.n })
    })
    opened.on('answer', (body) => void heard.push(body))
    opened.send('ask', { n: 7 })
    await rig.loop.settle()
    expect(heard).toEqual([{ n: 7 }, { to: 7 }])
    expect(await rig.until(opened.close('done'))).toMatchObject({ code: 'closed', by: 'local', text: 'done' })
    expect(accepted.reason).toMatchObject({ code: 'closed', by: 'remote', text: 'done' })
    await rig.end()
  })
})
