const char = String.fromCharCode
const CHUNK_SIZE = 512

/** A value as it was read, as something that is equal for equal values of one schema: itself, or for objects a text. */
export function identityOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? textOf(value) : value
}

/** Every part says by itself where it ends, so that no two values share a text. */
function textOf(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return `${value.length}:${value}`
    case 'number':
      return Object.is(value, -0) ? '-0,' : `${value},`
    case 'object':
      return value === null ? 'null,' : textOfObject(value)
    default:
      return `${value as bigint | boolean | undefined},`
  }
}

function textOfObject(value: object): string {
  if (Array.isArray(value)) return textOfArray(value)
  if (value instanceof Uint8Array || value instanceof Uint32Array) return textOfUnits(value)
  let text = '{'
  if (value instanceof Set) for (const of of value) text += textOf(of)
  else if (value instanceof Map) for (const [key, of] of value) text += textOf(key) + textOf(of)
  // Objects of one schema have the same members, but for pointers: there the last character tells which.
  else for (const name in value) text += textOf((value as Record<string, unknown>)[name])
  return `${text}}${'ref' in value ? 'r' : ''}`
}

function textOfArray(values: readonly unknown[]): string {
  let text = `${values.length}[`
  for (const value of values) text += textOf(value)
  return text
}

function textOfUnits(units: Uint8Array | Uint32Array): string {
  const { buffer, byteOffset, byteLength } = units
  const bytes = new Uint8Array(buffer, byteOffset, byteLength)
  let text = `#${byteLength},`
  for (let at = 0; at < byteLength; at += CHUNK_SIZE)
    text += char.apply(null, bytes.subarray(at, at + CHUNK_SIZE) as unknown as number[])
  return text
}
