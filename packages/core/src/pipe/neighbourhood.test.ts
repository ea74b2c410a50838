import { describe, expect, it } from 'vitest'
import { neighbourhoods } from './neighbourhood.ts'

describe('the neighbourhoods of an address', () => {
  const ipv4 = ['192.0.2.7', '192.0.2/24', '192.0/16']
  const cases: readonly [string, readonly string[]][] = [
    ['192.0.2.7', ipv4],
    ['::ffff:192.0.2.7', ipv4],
    ['::FFFF:c000:207', ipv4],
    ['0:0:0:0:0:ffff:192.0.2.7', ipv4],
    ['64:ff9b::192.0.2.7', ipv4],
    ['64:ff9b::c000:207', ipv4],
    ['0064:ff9b:0:0:0:0:c000:0207', ipv4],
    ['64:ff9b:1::c000:207', ['64:ff9b:1:0', '64:ff9b:1:0/56', '64:ff9b:1/48']],
    ['2001:db8:1:2:3:4:5:6', ['2001:db8:1:2', '2001:db8:1:0/56', '2001:db8:1/48']],
    ['2001:db8:1:1234::6', ['2001:db8:1:1234', '2001:db8:1:12/56', '2001:db8:1/48']],
    ['2001:0db8::6', ['2001:db8:0:0', '2001:db8:0:0/56', '2001:db8:0/48']],
    ['2001:db8:1:2:3:4:5::', ['2001:db8:1:2', '2001:db8:1:0/56', '2001:db8:1/48']],
    ['fe80::1%eth0', ['fe80:0:0:0', 'fe80:0:0:0/56', 'fe80:0:0/48']],
    ['::1', ['0:0:0:0', '0:0:0:0/56', '0:0:0/48']],
    ['::ffff:0:192.0.2.7', ['0:0:0:0', '0:0:0:0/56', '0:0:0/48']],
  ]

  it.each(cases)('%s', (address, keys) => {
    expect(neighbourhoods(address).map(({ key }) => key)).toEqual(keys)
    const shares = neighbourhoods(address).map(({ share }) => share)
    expect(shares).toEqual([...shares].sort((a, b) => a - b))
    expect(shares[0]).toBe(1)
  })

  it.each(['', 'somewhere', '1:2:3', '::1::2', 'g::1', '1:2:3:4:5:6:7:8:9', '12345::'])(
    "'%s' is one by itself",
    (address) => {
      expect(neighbourhoods(address)).toEqual([{ key: address, share: 1 }])
    },
  )
})
