/**
 * How tsup bundles a package. `tools/build.ts` calls it for every package and adds what tsup can't make: the
 * declarations and the CommonJS doors. `npx tsup` in the folder of a package renews its modules alone.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineConfig, type Options } from 'tsup'
import { productionSources } from './tools/production.ts'
import { isTest } from './tools/source-file.ts'
import { commands, doors, publicPackages, typescriptFiles, type WorkspacePackage } from './tools/workspace.ts'

/** `node:net`, `millrace`, `@millrace/core`, `@noble/ciphers/aes.js`; not a path, be it relative or absolute. */
const PACKAGE = /^(node:|@?\w[\w.-]*(\/|$))/

export function bundleOptions(pkg: WorkspacePackage, outDir: string): Options {
  return {
    name: pkg.manifest.name,
    entry: Object.fromEntries(
      [...doors(pkg), ...commands(pkg)].map(({ output, source }) => [output, join(pkg.path, source)]),
    ),
    outDir,
    tsconfig: join(pkg.path, 'tsconfig.json'),
    format: 'esm',
    splitting: true,
    sourcemap: true,
    target: ['es2022', 'node20.19'],
    platform: 'neutral',
    // All of them: the paths of tsconfig lead to sources, of which every package would carry a copy.
    external: [PACKAGE],
    removeNodeProtocol: false,
    // TypeScript 7 has no compiler API, which tsup's declarations need.
    dts: false,
    esbuildOptions: (options) => {
      // Comments name the sources from here, wherever the build was started.
      options.absWorkingDir = pkg.path
    },
  }
}

/** The same for production: the errors of mistakes in the program say their code alone. */
export function productionOptions(pkg: WorkspacePackage, outDir: string): Options {
  const folder = join(pkg.path, 'src')
  const paths = typescriptFiles(folder).filter((file) => !isTest(file))
  const sources = new Map(paths.map((file) => [join(folder, file), readFileSync(join(folder, file), 'utf8')]))
  const shortened = productionSources(sources)
  const development = bundleOptions(pkg, outDir)
  return {
    ...development,
    // Puts the constants of a file where they are used, which those who bundle these modules can't.
    esbuildOptions: (options, context) => {
      development.esbuildOptions?.(options, context)
      options.minifySyntax = true
    },
    esbuildPlugins: [
      {
        name: 'production',
        setup: (build) =>
          build.onLoad({ filter: /\.ts$/ }, ({ path }) => {
            const contents = shortened.get(path)
            return contents === undefined ? undefined : { contents, loader: 'ts' }
          }),
      },
    ],
  }
}

export default defineConfig(() => {
  const pkg = publicPackages().find(({ path }) => path === process.cwd())
  if (pkg === undefined) throw new Error(`${process.cwd()} isn't the folder of a package; try npm run build`)
  return bundleOptions(pkg, join(pkg.path, 'dist'))
})
