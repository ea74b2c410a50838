import type { Node } from '../nodes/node.ts'

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
  /** Whether `encode` would take the value. Never waits. Reports up to 100 things that do not fit. */
  readonly validate: (value: unknown) => StandardResult<T>
  /** Exists for the compiler alone. */
  readonly types?: { readonly input: T; readonly output: T } | undefined
}

/** More issues than these are not looked for. */
const ISSUES_MAX = 100

/** The `~standard` property of the schema of a node. */
export function standardOf<T>(node: Node): StandardProps<T> {
  return {
    version: 1,
    vendor: 'bitsery-ts',
    validate: (value) => {
      const issues: StandardIssue[] = []
      collect(node, value, [], issues)
      return issues.length === 0 ? { value: value as T } : { issues }
    },
  }
}

/** Adds what does not fit in a value: everything in structs and arrays, the first thing in all else. */
function collect(
  node: Node,
  value: unknown,
  path: readonly (string | number)[],
  issues: StandardIssue[],
): void {
  if (issues.length >= ISSUES_MAX) return
  const issue = node.check(value)
  if (issue === undefined) return
  const { content, fields, element } = node
  if (content !== undefined) collect(content, value, path, issues)
  else if (issue.path.length > 0 && fields !== undefined) {
    for (const { name, node: of } of fields) {
      collect(of, (value as Record<string, unknown>)[name], [...path, name], issues)
    }
  } else if (issue.path.length > 0 && element !== undefined) {
    for (const [index, of] of (value as unknown[]).entries()) collect(element, of, [...path, index], issues)
  } else issues.push({ message: `wanted ${issue.wanted}, got ${issue.got}`, path: [...path, ...issue.path] })
}
