import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { resolveIn, unexportedNames } from './exported-names.ts'
import { doors, publicPackages } from './workspace.ts'

const packages = publicPackages().map((pkg) => ({ ...pkg, doors: doors(pkg) }))
const built = new Map(
  packages.flatMap(({ path, doors }) =>
    doors.map(({ specifier, output }) => [specifier, join(path, 'dist', `${output}.d.ts`)] as const),
  ),
)

it('every type in the declarations of millrace is a name of its doors', () => {
  const found = packages.find(({ manifest }) => manifest.name === 'millrace')
  const files = found!.doors.map(({ specifier }) => built.get(specifier)!)
  expect(unexportedNames(files, resolveIn(built))).toEqual([])
})

it('a planted name that the door lacks is found', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-doors-'))
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text)
  write(
    'index.d.ts',
    `export { Shown, type Known } from './a.js'\nexport declare function own(x: Known): Missing\ninterface Missing {}\n`,
  )
  write(
    'a.d.ts',
    `import type { Far } from '@far/door'
import type { Language } from 'elsewhere'
export interface Known { readonly a: Hidden }
interface Hidden { readonly b: string }
type Alias<T> = T extends Known ? Other : never
interface Other {}
export declare class Shown<Own> extends Map<string, Own> {
  #inner: Unseen
  private other: Unseen
  /** @internal */
  forUs(x: Unseen): void
  get(x: Own, y: Language, z: Array<Known>): Alias<Far>
}
interface Unseen {}
`,
  )
  write('far.d.ts', `export { Far } from './farther.js'\n`)
  write('farther.d.ts', `export interface Far {}\n`)
  const names = unexportedNames(
    [join(folder, 'index.d.ts')],
    resolveIn(new Map([['@far/door', join(folder, 'far.d.ts')]])),
  )
  expect(names).toEqual(['Known shows Hidden', 'Shown shows Far', 'Shown shows Other', 'own shows Missing'])
  rmSync(folder, { recursive: true })
})
