import { readFileSync } from 'node:fs'
import { parseSync } from 'oxc-parser'
import { describe, expect, it } from 'vitest'
import { plantedFaults } from './planted-faults.ts'

const source = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')

describe('the faults that the swarm must find', () => {
  it.each(plantedFaults)('can be planted: $name', (fault) => {
    for (const { file, right, wrong } of fault.also === undefined ? [fault] : [fault, fault.also]) {
      expect(source(file).split(right)).toHaveLength(2)
      expect(wrong).not.toBe(right)
      const planted = source(file).replace(right, () => wrong)
      expect(parseSync(file, planted, { showSemanticErrors: true }).errors).toEqual([])
    }
  })

  it('have names of their own', () => {
    expect(new Set(plantedFaults.map(({ name }) => name)).size).toBe(plantedFaults.length)
  })
})
