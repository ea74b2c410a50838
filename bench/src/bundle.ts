import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

/** What a client's bundle may hold: a file in bundles/, or a package. */
export type BundleEntry = { readonly file: string } | { readonly source: string }

/** In bytes. */
export type BundleSize = { readonly minifiedBytes: number; readonly gzippedBytes: number }

const folder = fileURLToPath(new URL('./bundles', import.meta.url))

/** What the bundler is told that it builds for; bundlers that build for production say so to packages by themselves, esbuild is told to. */
export type BuildFor = 'development' | 'production'

/** The size of what a browser loads for an entry in production, gzipped as servers do. */
export async function bundleSize(entry: BundleEntry): Promise<BundleSize> {
  const contents = await bundle(entry)
  return { minifiedBytes: contents.length, gzippedBytes: gzipSync(contents, { level: 9 }).length }
}

/** What a browser loads for an entry, of the packages as `npm run build` made them: minified by esbuild. */
export async function bundle(entry: BundleEntry, buildFor: BuildFor = 'production'): Promise<Uint8Array> {
  const { outputFiles } = await build({
    ...('file' in entry
      ? { entryPoints: [join(folder, entry.file)] }
      : { stdin: { contents: entry.source, resolveDir: folder } }),
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    // Nothing of Node is there: what imports it can't be bundled.
    platform: 'neutral',
    target: 'es2022',
    conditions: ['module', buildFor],
    // The paths of tsconfig lead to sources.
    tsconfigRaw: {},
    logLevel: 'silent',
  })
  const [{ contents }] = outputFiles
  return contents
}
