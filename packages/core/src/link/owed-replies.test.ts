import { pair } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'

describe('a peer that goes while it is owed replies', () => {
  for (const end of ['cut', 'destroyed'] as const) {
    it(`ends the channel, though requests wait behind them: ${end}`, async () => {
      const { rig, accepted, opened } = await pair({
        accepting: { highWaterBytes: 2000, lowWaterBytes: 500 },
        network: { windowBytes: 4000 },
      })
      let asked = 0
      accepted.on('get', () => {
        asked++
        return 'x'.repeat(3000)
      })
      const [connection] = rig.network.connections
      connection.opened.freeze('on')
      const replies = Array.from({ length: 20 }, (_, n) => opened.request('get', n).catch(() => {}))
      await rig.loop.advance(100)
      expect(asked).toBeLessThan(20)
      expect(accepted.statistics().storedBytes).toBeGreaterThan(0)
      if (end === 'cut') connection.cut(new Error('reset'))
      else opened.destroy()
      const { code } = await rig.until(accepted.closed)
      expect(['link-ended', 'link-failed']).toContain(code)
      await Promise.all(replies)
      await rig.end()
    })
  }
})
