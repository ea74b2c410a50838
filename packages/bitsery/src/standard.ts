import type { Node } from './node.ts'

/** What validation found wrong at one place. */
export interface StandardIssue {
  /** What was wanted there and what was found: the words of BitseryError without the place. */
  readonly message: string
  /** Field names and array indices from the root to the place. */
  readonly path: readonly (string | number)[]
}

/** What validation says: the value itself, not a copy, or what is wrong with it. */
export type StandardResult<T> =
  | { readonly value: T; readonly issues?: undefined }
  | { readonly issues: readonly StandardIssue[] }

/**
 * The `~standard` property of version 1 of Standard Schema (https://standardschema.dev), by which form, router and
 * environment libraries validate with schemas of any vendor.
 */
export interface StandardProps<T> {
  readonly version: 1
  readonly vendor: 'bitsery-ts'
  /** Whether `encode` would take the value. Never waits. Reports the first thing that does not fit. */
  readonly validate: (value: unknown) => StandardResult<T>
  /** Exists for the compiler alone. */
  readonly types?: { readonly input: T; readonly output: T } | undefined
}

/** The `~standard` property of the schema of a node. */
export function standardOf<T>(node: Node): StandardProps<T> {
  return {
    version: 1,
    vendor: 'bitsery-ts',
    validate: (value) => {
      const issue = node.check(value)
      if (issue === undefined) return { value: value as T }
      return { issues: [{ message: `wanted ${issue.wanted}, got ${issue.got}`, path: issue.path }] }
    },
  }
}
