import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { doors, root, workspacePackages } from './tools/workspace.ts'

// Tests see the sources of every package; child processes that a test starts see what the build made.
const alias = workspacePackages().flatMap((pkg) =>
  doors(pkg).map(({ specifier, source }) => ({
    find: new RegExp(`^${specifier}$`),
    replacement: join(pkg.path, source),
  })),
)

export default defineConfig({
  root,
  resolve: { alias },
  test: {
    include: ['{packages,examples}/*/src/**/*.test.ts', '{testkit,bench,tools}/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**', '**/dist.next/**'],
    pool: 'forks',
    // By itself it leaves one core to others: on two, the tests would take twice as long.
    maxWorkers: availableParallelism(),
    // Leak tests collect garbage by hand.
    execArgv: ['--expose-gc'],
    allowOnly: false,
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
})
