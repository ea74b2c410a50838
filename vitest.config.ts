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

const tests = ['{packages,examples}/*/src/**/*.test.ts', '{testkit,bench,tools}/**/*.test.ts']
const built = ['**/node_modules/**', '**/dist/**', '**/dist.next/**']
/** They measure the memory of the process that they run in, or fill it. */
const measuring = ['packages/millrace/src/**/*.test.ts', '**/*{fuzz,memory,hostile,limits}.test.ts']

export default defineConfig({
  root,
  resolve: { alias },
  test: {
    projects: [
      // A process for each file would spend a third of the time on its start.
      {
        extends: true,
        test: { name: 'shared', include: tests, exclude: [...built, ...measuring], isolate: false },
      },
      { extends: true, test: { name: 'alone', include: measuring, exclude: built } },
    ],
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
