import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '..')

describe('files that two packages have, as neither may import the other', () => {
  it.each([
    ['key-hash.ts', 'bytes'],
    ['collision-guard.ts', 'bytes'],
    ['native-text.ts', 'text'],
  ])('%s is the same in bitsery and in proto-msgpack', (name, room) => {
    const read = (folder: string): string => readFileSync(join(root, folder, name), 'utf8')
    expect(read('packages/proto-msgpack/src')).toBe(read(`packages/bitsery/src/${room}`))
  })
})
