import { describe, expect, it } from 'vitest'
import { KeyTable } from '../base/key-table.ts'
import { parseTraits } from '../base/message-traits.ts'
import { defaultLimits, parseLimits } from '../base/options.ts'
import { MessageGuard } from './message-guard.ts'

describe('the guard of messages', () => {
  const names = ['plain', 'up', 'down', 'ask', 'often', 'free']
  const keys = KeyTable.closed(names, [
    parseTraits('plain', 'message', {}),
    parseTraits('up', 'message', { from: 'client' }),
    parseTraits('down', 'message', { from: 'server' }),
    parseTraits('ask', 'request', { from: 'client' }),
    parseTraits('often', 'message', { rate: 2 }),
    parseTraits('free', 'message', { rate: Number.POSITIVE_INFINITY }),
  ])

  it('looks only at what has to be looked at', () => {
    const plain = (guard: MessageGuard) => names.filter((_, number) => guard.plain[number] === 1)
    expect(plain(new MessageGuard(keys, 'client', defaultLimits))).toEqual(['plain', 'up', 'free'])
    expect(plain(new MessageGuard(keys, 'server', defaultLimits))).toEqual(['plain', 'down', 'free'])
    for (const guard of [
      new MessageGuard(keys, 'client', defaultLimits),
      new MessageGuard(KeyTable.open(), 'client', defaultLimits),
    ])
      expect(guard.plain.slice(names.length).every((code) => code === 0)).toBe(true)
    expect(new MessageGuard(KeyTable.open(), 'client', defaultLimits).plain[0]).toBe(0)
  })

  it('says what a peer did wrong', () => {
    const [ofClient, ofServer] = [
      new MessageGuard(keys, 'client', defaultLimits),
      new MessageGuard(keys, 'server', defaultLimits),
    ]
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
    const [one, other] = [
      new MessageGuard(keys, 'client', defaultLimits),
      new MessageGuard(keys, 'client', defaultLimits),
    ]
    expect([one.admits(4, 0), one.admits(4, 0), one.admits(4, 0)]).toEqual([true, true, false])
    expect([one.admits(4, 499), one.admits(4, 500)]).toEqual([false, true])
    expect(other.admits(4, 0)).toBe(true)
    for (let count = 0; count < 1000; count++) expect(one.admits(0, 0)).toBe(true)
  })

  it('gives the rate of the limits to each message that has none of its own, and to an open table as a whole', () => {
    const limits = parseLimits({ messageRate: 1, messageBurst: 3 })
    const admitted = (guard: MessageGuard, number: number) => {
      let count = 0
      while (count < 100 && guard.admits(number, 0)) count++
      return count
    }
    const guard = new MessageGuard(keys, 'client', limits)
    expect(guard.isLimiting).toBe(true)
    expect(names.filter((_, number) => guard.plain[number] === 1)).toEqual(['free'])
    expect(names.map((_, number) => admitted(guard, number))).toEqual([3, 3, 3, 3, 2, 100])
    const open = KeyTable.open()
    const together = new MessageGuard(open, 'client', limits)
    expect([admitted(together, -1), admitted(together, open.number('a'))]).toEqual([3, 0])
    for (const guard of [
      new MessageGuard(open, 'client', defaultLimits),
      new MessageGuard(keys, 'client', defaultLimits),
    ])
      expect([admitted(guard, open.number('a')), guard.isLimiting]).toEqual([100, guard.plain[0] === 1])
  })
})
