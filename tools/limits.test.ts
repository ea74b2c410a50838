import { openKeysMax } from '@millrace/core'
import { bits, contract, msgpack, request, u8 } from 'millrace'
import { KeyTable } from 'millrace/extend'
import { describe, expect, it } from 'vitest'

describe('limits that are no options', () => {
  it('an open key table learns 10,000 names from its own program, and none from elsewhere', () => {
    expect(openKeysMax).toBe(10_000)
    const { keys } = msgpack()
    for (let index = 0; index < openKeysMax; index++) expect(keys.number(`key ${index}`)).toBe(index)
    expect(() => keys.number('one more')).toThrow(/10000 keys/)
    expect(keys.number('key 0')).toBe(0)
    expect(keys.find('one more')).toBe(-1)
    expect(keys.count).toBe(openKeysMax)
  })

  it('a contract has 16,383 messages and replies', () => {
    const messages = (count: number) => Array.from({ length: count }, (_, index) => [`m${index}`, { a: u8 }])
    const full = Object.fromEntries(messages(16_383))
    expect(bits(contract(full)).keys.count).toBe(16_383)
    const { m0: _left, ...room } = full
    const answered = { ...room, m1: request({ a: u8 }, { a: u8 }) }
    expect(bits(contract(answered)).keys.count).toBe(16_382)
    expect(() => bits(contract({ ...answered, m0: { a: u8 } }))).toThrow(/16383/)
    expect(() => bits(contract({ ...full, more: { a: u8 } }))).toThrow(/16383/)
  })

  it('a key has 1 to 255 bytes', () => {
    expect(KeyTable.closed(['ü'.repeat(127)]).text(0)).toHaveLength(255)
    for (const key of ['', 'ü'.repeat(128), '\ud800']) expect(() => KeyTable.closed([key])).toThrow(/key/)
  })
})
