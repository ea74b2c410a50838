import { pair } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'
import type { MillraceError } from '../base/millrace-error.ts'

const key = new Uint8Array(32).fill(7)
const other = new Uint8Array(32).fill(8)

/** How a promise is rejected, without letting any time pass. */
const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'resolved',
    (error: MillraceError) => error.code,
  )

describe('a channel that is encrypted while it is open', () => {
  it('cuts no honest peer when its reader is behind, however the channel came to be encrypted', async () => {
    for (const how of ['clear', 'pipe', 'late'] as const) {
      const encryption = how === 'pipe' ? { encryption: { key } } : {}
      const limits = { frameTimeoutMs: 500, messageSizeMax: 20_000, receiveHighWaterBytes: 1000 }
      const { rig, opened, accepted } = await pair({
        accepting: { ...limits, ...encryption, iteratorQueueMax: 1 },
        opening: { ...limits, ...encryption },
        network: { windowBytes: 700 },
      })
      if (how === 'late') {
        await rig.until(Promise.all([opened.setEncryption(key), accepted.setEncryption(key)]))
      }
      const reader = accepted[Symbol.asyncIterator]()
      for (let n = 0; n < 60; n++) opened.send('n', `${n} ${'x'.repeat(5000)}`)
      await rig.loop.advance(3000)
      expect([accepted.reason, opened.reason], how).toEqual([undefined, undefined])
      for (let n = 0; n < 60; n++) {
        const { value } = await rig.until(reader.next())
        expect(Number.parseInt(String(value?.body), 10), how).toBe(n)
      }
      await rig.end()
    }
  })

  it('tells both sides that the encryption failed, whichever finds that the keys differ', async () => {
    for (const first of ['opened', 'accepted'] as const) {
      const { rig, ...sides } = await pair()
      const second = first === 'opened' ? 'accepted' : 'opened'
      const codes = [codeOf(sides[first].setEncryption(key))]
      sides[first].send('n', 'a secret')
      await rig.loop.advance(50)
      codes.push(codeOf(sides[second].setEncryption(other)))
      await rig.loop.advance(5000)
      expect([sides.opened.reason?.code, sides.accepted.reason?.code], first).toEqual([
        'encryption-failed',
        'encryption-failed',
      ])
      expect(await Promise.all(codes), first).toEqual(['encryption-failed', 'encryption-failed'])
      await rig.end()
    }
  })
})

describe('a heartbeat beside setEncryption', () => {
  it('hears both sides while what they send waits for the cipher', async () => {
    for (const first of ['opened', 'accepted'] as const) {
      const { rig, ...sides } = await pair({ network: { delayMs: [1, 3] } })
      const second = first === 'opened' ? 'accepted' : 'opened'
      sides.opened.setHeartbeat(150, 500)
      sides.accepted.setHeartbeat(150, 500)
      const done = [sides[first].setEncryption(key)]
      sides[first].send('n', 'a secret')
      const heard: unknown[] = []
      sides[second].onMessage('n', (text: unknown) => void heard.push(text))
      await rig.loop.advance(1800)
      expect([sides.opened.reason, sides.accepted.reason], first).toEqual([undefined, undefined])
      expect(heard).toEqual([])
      done.push(sides[second].setEncryption(key))
      await rig.until(Promise.all(done))
      await rig.loop.advance(1800)
      expect([heard, sides.opened.reason, sides.accepted.reason]).toEqual([
        ['a secret'],
        undefined,
        undefined,
      ])
      await rig.end()
    }
  })
})
