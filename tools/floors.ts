/** The floors of docs/ARCHITECTURE.md as rules over manifests and imports. Each rule answers with sentences. */
import { posix } from 'node:path'
import { isTest, type SourceFile } from './source-file.ts'
import type { Manifest } from './workspace.ts'

/** An import goes to a lower floor only. */
export const FLOORS: Readonly<Record<string, number>> = {
  millrace: 5,

  '@millrace/runner': 4,
  '@millrace/server': 4,
  '@millrace/sim': 4,

  '@millrace/transports': 3,
  '@millrace/proto-bits': 3,
  '@millrace/proto-msgpack': 3,

  '@millrace/core': 2,
  '@millrace/datagram': 2,
  '@millrace/cipher-node': 2,

  '@millrace/wire': 1,
  '@millrace/cipher': 1,

  '@millrace/buffer': 0,
  'bitsery-ts': 0,
  '@millrace/timer': 0,
}

/** The arrows on one floor. */
export const DRAWN: ReadonlySet<string> = new Set(['@millrace/server -> @millrace/runner'])

/** They compile without a platform, by tsconfig.pure.json. */
export const PURE: ReadonlySet<string> = new Set([
  '@millrace/buffer',
  'bitsery-ts',
  '@millrace/timer',
  '@millrace/wire',
  '@millrace/cipher',
  '@millrace/core',
  '@millrace/datagram',
  '@millrace/proto-bits',
  '@millrace/proto-msgpack',
])

/** The folders directly under `src`, by level, the top one first. The list stands for a package: one without it may have any folders. */
export type Rooms = Readonly<Record<string, readonly (readonly string[])[]>>

/** An import goes to a room on a lower level only. */
export const ROOMS: Rooms = {
  'bitsery-ts': [['types', 'diff'], ['schema', 'text'], ['nodes'], ['emitters'], ['bytes'], ['base']],
  '@millrace/core': [
    ['pipe'],
    ['link', 'local', 'datagram'],
    ['channel'],
    ['encryption', 'session'],
    ['turn'],
    ['ports'],
    ['base'],
  ],
  '@millrace/sim': [['swarm'], ['world', 'netem'], ['sockets'], ['net'], ['time'], ['base']],
  '@millrace/datagram': [['connection'], ['lanes', 'recovery', 'path'], ['packet'], ['base']],
  '@millrace/cipher': [['tokens', 'datagrams'], ['records'], ['noise', 'noble'], ['keys'], ['base']],
}

const TESTKIT = '@millrace/testkit'

/** One package with everything the rules ask about. */
export type PackageFacts = {
  readonly directory: string
  readonly manifest: Manifest
  /** What its tsconfig.json extends. */
  readonly config: string
  /** The public ways in: `@millrace/transports/tcp`. */
  readonly doors: readonly string[]
  /** The files behind them: `packages/transports/src/tcp.ts`. */
  readonly doorFiles: readonly string[]
  readonly files: readonly SourceFile[]
}

export function edgesGoDown(packages: readonly PackageFacts[]): string[] {
  const names = new Set(packages.map(({ manifest }) => manifest.name))
  return packages.flatMap(({ directory, manifest: { name, ...manifest } }) => {
    if (directory.startsWith('packages/') && FLOORS[name] === undefined) return [`${name} has no floor`]
    const runtime = {
      ...manifest.dependencies,
      ...manifest.peerDependencies,
      ...manifest.optionalDependencies,
    }
    const up = Object.keys(runtime).filter((to) => names.has(to) && !goesDown(name, to))
    const tests = Object.keys(manifest.devDependencies ?? {}).filter(
      (to) => names.has(to) && to !== TESTKIT && !goesDown(name, to),
    )
    return [...up, ...tests].map((to) => `${name} -> ${to} doesn't go down`)
  })
}

export function importsAreDeclared(packages: readonly PackageFacts[]): string[] {
  return packages.flatMap(({ manifest, files }) => {
    const declared = new Set([
      manifest.name,
      ...Object.keys({
        ...manifest.dependencies,
        ...manifest.peerDependencies,
        ...manifest.optionalDependencies,
      }),
    ])
    return sources(files).flatMap(({ path, specifiers }) =>
      specifiers
        .filter((specifier) => !isRelative(specifier) && !specifier.startsWith('node:'))
        .filter((specifier) => !declared.has(packageOf(specifier)))
        .map((specifier) => `${path} imports ${specifier}, which ${manifest.name} doesn't declare`),
    )
  })
}

export function purePackagesStayPure(packages: readonly PackageFacts[]): string[] {
  return packages.flatMap(({ manifest: { name }, config, directory, files }) => {
    const isPure = PURE.has(name)
    const extendsPure = config.endsWith('tsconfig.pure.json')
    if (isPure && !extendsPure) return [`${name} is pure, but ${directory}/tsconfig.json extends ${config}`]
    if (!isPure && extendsPure) return [`${name} extends tsconfig.pure.json, but isn't listed as pure`]
    if (!isPure) return []
    return sources(files).flatMap(({ path, specifiers }) =>
      specifiers
        .filter((specifier) => specifier.startsWith('node:'))
        .map((specifier) => `${path} imports ${specifier}, but ${name} is pure`),
    )
  })
}

export function bitseryStandsAlone(packages: readonly PackageFacts[]): string[] {
  return packages
    .filter(({ manifest }) => manifest.name === 'bitsery-ts')
    .flatMap(({ manifest, files }) => [
      ...Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }).map(
        (to) => `bitsery-ts depends on ${to}`,
      ),
      ...sources(files).flatMap(({ path, specifiers }) =>
        specifiers
          .filter((specifier) => !isRelative(specifier))
          .map((specifier) => `${path} imports ${specifier}`),
      ),
    ])
}

/** Tests too: what isn't behind a door may change any day. */
export function onlyDoorsAreUsed(packages: readonly PackageFacts[]): string[] {
  const names = new Set(packages.map(({ manifest }) => manifest.name))
  const doors = new Set(packages.flatMap((pkg) => pkg.doors))
  return packages.flatMap(({ directory, files }) =>
    files.flatMap(({ path, specifiers }) =>
      specifiers.flatMap((specifier) => {
        if (!isRelative(specifier)) {
          const isInside = names.has(packageOf(specifier)) && !doors.has(specifier)
          return isInside ? [`${path} imports ${specifier}, which is no door`] : []
        }
        const isOutside = !resolve(path, specifier).startsWith(`${directory}/`)
        return isOutside ? [`${path} reaches into another package: ${specifier}`] : []
      }),
    ),
  )
}

export function indexImportedInside(packages: readonly PackageFacts[]): string[] {
  return packages
    .filter(({ directory }) => directory.startsWith('packages/'))
    .flatMap(({ files }) =>
      sources(files).flatMap(({ path, specifiers }) =>
        specifiers
          .filter((specifier) => isRelative(specifier) && posix.basename(specifier) === 'index.ts')
          .map((specifier) => `${path} imports its own door ${specifier}`),
      ),
    )
}

/** Imports of types count: two files that need each other are one file, or miss a third. */
export function noCircles(packages: readonly PackageFacts[]): string[] {
  return packages.flatMap(({ files }) => {
    const paths = new Set(files.map(({ path }) => path))
    const edges = new Map(
      files.map(({ path, specifiers }) => [
        path,
        specifiers
          .filter(isRelative)
          .map((specifier) => resolve(path, specifier))
          .filter((to) => paths.has(to)),
      ]),
    )
    return circlesIn(edges)
  })
}

/** Files that are doors may import every room. Tests too, but they lie in a room, or beside the doors. */
export function roomsGoDown(packages: readonly PackageFacts[], table: Rooms = ROOMS): string[] {
  const strangers = Object.keys(table).filter(
    (name) => !packages.some(({ manifest }) => manifest.name === name),
  )
  return [
    ...strangers.map((name) => `${name} has rooms, but is no package`),
    ...packages.flatMap((pkg) => {
      const levels = table[pkg.manifest.name]
      return levels === undefined ? [] : [...misplaced(pkg, levels), ...importsBetweenRooms(pkg, levels)]
    }),
  ]
}

function misplaced(
  { directory, doorFiles, files }: PackageFacts,
  levels: readonly (readonly string[])[],
): string[] {
  const inside = files.filter(({ path }) => path.startsWith(`${directory}/src/`))
  const used = new Set(inside.map(({ path }) => roomOf(directory, path)))
  const empty = levels.flat().filter((room) => !used.has(room))
  return [
    ...inside.flatMap(({ path }) => {
      const room = roomOf(directory, path)
      if (room === undefined)
        return isTest(path) || doorFiles.includes(path) ? [] : [`${path} lies in no room`]
      return levels.flat().includes(room) ? [] : [`${path} lies in ${room}, which is no room of the table`]
    }),
    ...empty.map((room) => `${directory}/src has no room ${room}`),
  ]
}

function importsBetweenRooms(
  { directory, files }: PackageFacts,
  levels: readonly (readonly string[])[],
): string[] {
  const levelOf = (room: string | undefined): number =>
    levels.findIndex((level) => level.includes(room ?? ''))
  return sources(files).flatMap(({ path, specifiers }) => {
    const from = roomOf(directory, path)
    if (from === undefined) return []
    return specifiers.filter(isRelative).flatMap((specifier) => {
      const to = roomOf(directory, resolve(path, specifier))
      if (from === to || levelOf(to) > levelOf(from)) return []
      return [`${path} imports ${specifier}, which doesn't go down from ${from}`]
    })
  })
}

/** The folder directly under `src`; undefined for a file in `src` itself, or outside. */
function roomOf(directory: string, path: string): string | undefined {
  const parts = posix.relative(`${directory}/src`, path).split('/')
  return parts.length > 1 && parts[0] !== '..' ? parts[0] : undefined
}

function circlesIn(edges: ReadonlyMap<string, readonly string[]>): string[] {
  const found: string[] = []
  const done = new Set<string>()
  const way: string[] = []
  const walk = (path: string): void => {
    const at = way.indexOf(path)
    if (at !== -1) {
      found.push(`circle: ${[...way.slice(at), path].join(' -> ')}`)
      return
    }
    if (done.has(path)) return
    way.push(path)
    for (const to of edges.get(path) ?? []) walk(to)
    way.pop()
    done.add(path)
  }
  for (const path of edges.keys()) walk(path)
  return found
}

function goesDown(from: string, to: string): boolean {
  return floorOf(to) < floorOf(from) || DRAWN.has(`${from} -> ${to}`)
}

/** Whatever the table doesn't name stands on top; the test kit is just below, since all of the top may use it. */
function floorOf(name: string): number {
  return FLOORS[name] ?? (name === TESTKIT ? 6 : 7)
}

/** What a package publishes: not its tests, nor a fuzzer or a script that lies beside `src`. */
function sources(files: readonly SourceFile[]): SourceFile[] {
  return files.filter(
    ({ path }) => !isTest(path) && (!path.startsWith('packages/') || path.includes('/src/')),
  )
}

function isRelative(specifier: string): boolean {
  return specifier.startsWith('.')
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

function resolve(from: string, specifier: string): string {
  return posix.join(posix.dirname(from), specifier)
}
