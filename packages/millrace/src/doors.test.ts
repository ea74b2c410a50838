import { spawnSync } from 'node:child_process'
import { randomBytes, scryptSync } from 'node:crypto'
import { noblePrimitives } from '@millrace/cipher'
import * as bitsery from 'bitsery-ts'
import * as root from 'millrace'
import * as extend from 'millrace/extend'
import * as t from 'millrace/schema'
import { describe, expect, it } from 'vitest'

describe('the doors', () => {
  it('millrace/schema has all of bitsery-ts', () => {
    expect(t).toEqual(bitsery)
  })

  it('a name that stands in two doors is the same thing', () => {
    const others: Readonly<Record<string, unknown>> = { ...t, ...extend }
    const shared = Object.entries(root).filter(([name]) => name in others)
    // `bits` of the root is the protocol, that of the schemas packs.
    expect(shared.filter(([name, value]) => others[name] !== value).map(([name]) => name)).toEqual(['bits'])
    expect(Object.keys(extend).filter((name) => name in t)).toEqual([])
  })

  it('millrace stays small', () => {
    expect(Object.keys(root).length).toBeLessThanOrEqual(44)
  })
})

describe('a key', () => {
  it('is made, written down and read', () => {
    const key = root.generateKey()
    expect(key).toHaveLength(32)
    expect(key.constructor).toBe(Uint8Array)
    expect(root.generateKey()).not.toEqual(key)
    expect(root.keyFromText(root.keyToText(key))).toEqual(key)
    expect(() => root.keyFromText('no key')).toThrow(root.CipherError)
  })

  it('comes as a pair that fits', () => {
    const { publicKey, secretKey } = root.generateKeyPair()
    expect(secretKey).not.toEqual(root.generateKeyPair().secretKey)
    expect(noblePrimitives.dh.pair(secretKey).publicKey).toEqual(publicKey)
    // Each has memory of its own, which a program may overwrite.
    expect([publicKey, secretKey].map(({ buffer }) => buffer.byteLength)).toEqual([32, 32])
  })

  it('is made of a pass phrase by scrypt', async () => {
    const salt = randomBytes(16)
    const key = await root.keyFromPassphrase('correct horse', salt, { n: 2 ** 14, weak: 'accepted' })
    expect(key).toEqual(new Uint8Array(scryptSync('correct horse', salt, 32, { N: 2 ** 14 })))
    await expect(root.keyFromPassphrase('short', salt)).rejects.toThrow(root.CipherError)
  })
})

// Of what `npm run build` made.
it.each([
  '@millrace/cipher/keys',
  '@millrace/cipher/tokens',
  '@millrace/core/tokens',
  'millrace',
  'millrace/schema',
  'millrace/extend',
])('%s loads no cipher', (door) => {
  const program = `
    import { registerHooks } from 'node:module'
    const loaded = []
    registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) })
    await import('${door}')
    console.log(loaded.length > 0, loaded.filter((url) => /noble|cipher-node|noise/.test(url)).join())
  `
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    cwd: import.meta.dirname,
    encoding: 'utf8',
  })
  expect(stderr).toBe('')
  expect(stdout).toBe('true \n')
})
