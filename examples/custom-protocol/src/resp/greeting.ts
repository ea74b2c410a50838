import { RespError, type RespValue, type RespVersion, textOf } from './resp-value.ts'

/** How a server answers `HELLO [version [AUTH user password] [SETNAME name]]`, and what it changes. */
export function greet(
  args: readonly Uint8Array[],
  current: RespVersion,
): { reply: RespValue; version?: RespVersion } {
  const words = args.map(textOf)
  const wanted = words[0] ?? String(current)
  if (!/^-?\d+$/.test(wanted)) {
    return { reply: new RespError('ERR Protocol version is not an integer or out of range') }
  }
  if (wanted !== '2' && wanted !== '3')
    return { reply: new RespError('NOPROTO unsupported protocol version') }
  for (let index = 1; index < words.length; ) {
    const word = words[index].toUpperCase()
    if (word === 'AUTH' && index + 2 < words.length) return { reply: noPassword }
    if (word !== 'SETNAME' || index + 1 >= words.length) {
      return { reply: new RespError(`ERR Syntax error in HELLO option '${words[index]}'`) }
    }
    index += 2
  }
  const version: RespVersion = wanted === '3' ? 3 : 2
  const facts: [RespValue, RespValue][] = [
    ['server', 'redis'],
    ['version', '7.0.0'],
    ['proto', version],
    ['id', 1],
    ['mode', 'standalone'],
    ['role', 'master'],
    ['modules', []],
  ]
  return { reply: new Map(facts), version }
}

/** What a server without passwords says to one. */
export const noPassword = new RespError(
  'ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?',
)
