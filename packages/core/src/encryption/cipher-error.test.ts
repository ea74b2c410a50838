import { CipherError } from '@millrace/cipher'
import { expect, it, vi } from 'vitest'
import { isCipherError } from './cipher-error.ts'

it('knows the errors of every copy of the package, and no others', async () => {
  vi.resetModules()
  const other = await import('@millrace/cipher')
  const foreign = new other.CipherError('not-authentic', 'no')
  expect(foreign).not.toBeInstanceOf(CipherError)
  expect(isCipherError(foreign)).toBe(true)
  expect(isCipherError(new CipherError('not-authentic', 'no'))).toBe(true)
  for (const value of [new Error('CipherError'), { name: 'CipherError' }, undefined, null]) {
    expect(isCipherError(value)).toBe(false)
  }
})
