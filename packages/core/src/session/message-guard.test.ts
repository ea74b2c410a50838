import { describe, expect, it } from 'vitest'
import { KeyTable } from '../base/key-table.ts'
import { parseTraits } from '../base/message-traits.ts'
import { MessageGuard } from './message-guard.ts'

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
