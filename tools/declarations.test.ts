import { expect, it } from 'vitest'
import { commonJsDeclaration, escapes, moduleDeclaration } from './declarations.ts'

const text = `import type { A } from './a.ts'
import './side.ts'
export { B } from "../b.ts"
export declare const c: import('./c.ts').C
import { D } from '@millrace/buffer'
`

it('points a module declaration at .js', () => {
  expect(moduleDeclaration(text)).toBe(`import type { A } from './a.js'
import './side.js'
export { B } from "../b.js"
export declare const c: import('./c.js').C
import { D } from '@millrace/buffer'
`)
})

it('points a CommonJS declaration at .cjs', () => {
  expect(commonJsDeclaration(text)).toContain(`import('./c.cjs').C`)
  expect(commonJsDeclaration(text)).toContain(`from '@millrace/buffer'`)
})

it('finds a specifier that leaves the package', () => {
  expect(escapes('deep/x.d.ts', text)).toEqual([])
  expect(escapes('x.d.ts', text)).toEqual(['../b.ts'])
  expect(escapes('x.d.ts', `export declare const p: import("../../buffer/src/p.ts").P`)).toHaveLength(1)
})
