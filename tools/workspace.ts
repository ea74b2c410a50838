/** The packages of this workspace as their manifests declare them. Knows no compiler and no bundler. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

export type Manifest = {
  readonly name: string
  readonly version: string
  readonly private?: boolean
  readonly exports?: Readonly<Record<string, unknown>>
  readonly bin?: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

export type WorkspacePackage = {
  /** Relative to the root, with slashes: `packages/buffer`. */
  readonly directory: string
  readonly path: string
  readonly manifest: Manifest
}

/** One public door of a package: `.` is made of `src/index.ts` into `dist/index.js`. */
export type Door = {
  readonly subpath: string
  /** What an importer writes: `@millrace/transports/tcp`. */
  readonly specifier: string
  /** The built file without its ending, relative to `dist`: `index`. */
  readonly output: string
  /** Relative to the package: `src/index.ts`. */
  readonly source: string
}

export const root: string = dirname(dirname(fileURLToPath(import.meta.url)))

/** Every folder that pnpm-workspace.yaml names and that has a manifest. */
export function workspacePackages(): WorkspacePackage[] {
  const directories = [...children('packages'), 'testkit', ...children('examples'), 'bench']
  return directories
    .filter((directory) => existsSync(join(root, directory, 'package.json')))
    .map((directory) => {
      const path = join(root, directory)
      return { directory, path, manifest: JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')) }
    })
}

/** The packages that are built and published. */
export function publicPackages(): WorkspacePackage[] {
  return workspacePackages().filter(
    ({ directory, manifest }) => directory.startsWith('packages/') && manifest.private !== true,
  )
}

/** The doors that `exports` declares. The source of one may be missing: the build says so. */
export function doors({ manifest, path }: WorkspacePackage): Door[] {
  const found: Door[] = []
  for (const [subpath, target] of Object.entries(manifest.exports ?? {})) {
    const file = defaultOf(target)
    const output = file === undefined ? undefined : /^\.\/dist\/(.+)\.js$/.exec(file)?.[1]
    if (output === undefined) continue
    const folder = `src/${output}/index.ts`
    const source = existsSync(join(path, folder)) ? folder : `src/${output}.ts`
    found.push({ subpath, specifier: manifest.name + subpath.slice(1), output, source })
  }
  return found
}

/** The commands that `bin` declares: `./dist/bin.js` is made of `src/bin.ts`. */
export function commands({ manifest }: WorkspacePackage): Pick<Door, 'output' | 'source'>[] {
  return Object.values(manifest.bin ?? {}).map((file) => {
    const output = file.replace(/^\.\/dist\/(.+)\.js$/, '$1')
    return { output, source: `src/${output}.ts` }
  })
}

/** Whether bundlers that build for production take other modules of a package: its `exports` say so. */
export function hasProduction({ manifest }: WorkspacePackage): boolean {
  return JSON.stringify(manifest.exports ?? {}).includes('"production":')
}

/** TypeScript files under a folder, as paths relative to it with slashes, in a stable order. */
export function typescriptFiles(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.[cm]?ts$/.test(entry.name))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((path) => !/(^|\/)(node_modules|dist|dist\.next)\//.test(path))
    .sort()
}

function children(folder: string): string[] {
  const path = join(root, folder)
  if (!existsSync(path)) return []
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => `${folder}/${entry.name}`)
    .sort()
}

function defaultOf(target: unknown): string | undefined {
  if (typeof target === 'string') return target
  if (typeof target !== 'object' || target === null) return undefined
  const conditions = target as Record<string, unknown>
  return defaultOf(conditions.import ?? conditions.default)
}
