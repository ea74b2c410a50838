import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { KeyTable } from '../base/key-table.ts'
import { parseTraits } from '../base/message-traits.ts'
import { MessageGuard } from './message-guard.ts'
import { MessageRates } from './message-rates.ts'

describe('the rates of messages', () => {
  it('let a burst pass, then as many as the rate allows', () => {
    const rates = new MessageRates([{ rate: 10, burst: 3 }], 1000)
    const admitted = (now: number) => {
      let count = 0
      while (rates.admits(0, now)) count++
      return count
    }
    expect(admitted(1000)).toBe(3)
    expect(admitted(1099)).toBe(0)
    expect(admitted(1100)).toBe(1)
    expect(admitted(1250)).toBe(1)
    expect(admitted(1300)).toBe(1)
    expect(admitted(60_000)).toBe(3)
  })

  it('are apart for each message', () => {
    const rates = new MessageRates(
      [
        { rate: 1, burst: 1 },
        { rate: 1, burst: 2 },
      ],
      0,
    )
    expect([rates.admits(0, 0), rates.admits(0, 0)]).toEqual([true, false])
    expect([rates.admits(1, 0), rates.admits(1, 0), rates.admits(1, 0)]).toEqual([true, true, false])
  })

  it('hold over any times, also when the clock goes back', () => {
    const steps = fc.array(fc.integer({ min: -50, max: 500 }), { maxLength: 200 })
    fc.assert(
      fc.property(
        steps,
        fc.integer({ min: 1, max: 100 }),
        fc.integer({ min: 1, max: 20 }),
        (times, rate, burst) => {
          const rates = new MessageRates([{ rate, burst }], 0)
          let now = 0
          let forward = 0
          let admitted = 0
          for (const step of times) {
            now += step
            forward += Math.max(0, step)
            if (rates.admits(0, now)) admitted++
            expect(admitted).toBeLessThanOrEqual(burst + (forward * rate) / 1000 + 1e-6)
          }
        },
      ),
    )
  })
})

describe('the guard of messages', () => {
  const names = ['plain', 'up', 'down', 'ask', 'often']
  const keys = KeyTable.closed(names, [
    parseTraits('plain', 'message', {}),
    parseTraits('up', 'message', { from: 'client' }),
    parseTraits('down', 'message', { from: 'server' }),
    parseTraits('ask', 'request', { from: 'client' }),
    parseTraits('often', 'message', { rate: 2 }),
  ])

  it('looks only at what has to be looked at', () => {
    const plain = (guard: MessageGuard) => names.filter((_, number) => guard.plain[number] === 1)
    expect(plain(new MessageGuard(keys, 'client'))).toEqual(['plain', 'up'])
    expect(plain(new MessageGuard(keys, 'server'))).toEqual(['plain', 'down'])
    for (const guard of [new MessageGuard(keys, 'client'), new MessageGuard(KeyTable.open(), 'client')])
      expect(guard.plain.slice(names.length).every((code) => code === 0)).toBe(true)
    expect(new MessageGuard(KeyTable.open(), 'client').plain[0]).toBe(0)
  })

  it('says what a peer did wrong', () => {
    const [ofClient, ofServer] = [new MessageGuard(keys, 'client'), new MessageGuard(keys, 'server')]
    expect(ofClient.fault('message', 1)).toBe('')
    expect(ofServer.fault('message', 1)).toBe("a message 'up' of the server, which the client alone may send")
    expect(ofClient.fault('message', 2)).toBe(
      "a message 'down' of the client, which the server alone may send",
    )
    expect(ofClient.fault('request', 3)).toBe('')
    expect(ofServer.fault('request', 3)).toBe(
      "a request 'ask' of the server, which the client alone may send",
    )
    expect(ofClient.fault('message', 3)).toBe("a message 'ask', which the contract declares as a request")
  })

  it('counts for each channel alone', () => {
    const [one, other] = [new MessageGuard(keys, 'client'), new MessageGuard(keys, 'client')]
    expect([one.admits(4, 0), one.admits(4, 0), one.admits(4, 0)]).toEqual([true, true, false])
    expect([one.admits(4, 499), one.admits(4, 500)]).toEqual([false, true])
    expect(other.admits(4, 0)).toBe(true)
    for (let count = 0; count < 1000; count++) expect(one.admits(0, 0)).toBe(true)
  })
})
