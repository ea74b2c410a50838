/** More members than this are made by a literal: a function has only so many parameters. */
const MEMBERS_MAX = 200

/**
 * The text of a constructor of plain objects with these members, or undefined when they are too many. Not a literal: V8 gives all
 * literals with the same names in the same order one family of hidden classes, and the schema itself was such a literal, so
 * its members would count as "anything" for ever: 35 % slower to make and to read.
 */
export function objectMaker(name: string, members: readonly string[]): string | undefined {
  if (members.length > MEMBERS_MAX) return undefined
  const parameters = members.map((_, index) => `a${index}`)
  const lines = members.map((member, index) => `this[${JSON.stringify(member)}] = a${index}`)
  return `function ${name}(${parameters.join(', ')}) {\n${lines.join('\n')}\n}\n${name}.prototype = Object.prototype`
}

/** The expression of a plain object as a literal. */
export function objectLiteral(members: readonly string[], values: readonly string[]): string {
  return `{ ${members.map((member, index) => `${JSON.stringify(member)}: ${values[index]}`).join(', ')} }`
}
