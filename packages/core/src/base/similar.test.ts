import { describe, expect, it } from 'vitest'
import { similar } from './similar.ts'

const known = ['tcp', 'ipc', 'local', 'msgpack']

describe('similar', () => {
  it.each([
    ['tpc', 'tcp'],
    ['tcpp', 'tcp'],
    ['cp', 'tcp'],
    ['ip', 'ipc'],
    ['locla', 'local'],
    ['lacol', 'local'],
    ['msgpak', 'msgpack'],
    ['mesgpack', 'msgpack'],
  ])('takes %j for %j', (wrong, meant) => {
    expect(similar(wrong, known)).toBe(meant)
  })

  it.each([['udp'], ['ws'], [''], ['lobby'], ['messagepack']])('takes %j for nothing', (wrong) => {
    expect(similar(wrong, known)).toBeUndefined()
  })

  it('knows nothing where nothing is known', () => {
    expect(similar('tcp', [])).toBeUndefined()
  })
})
