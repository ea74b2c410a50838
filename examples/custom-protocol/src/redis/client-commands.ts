import { noPassword } from '../resp/greeting.ts'
import { noReply, ok, type RespReply, RespStatus, type RespValue, textOf } from '../resp/resp-value.ts'
import { type Call, type CommandTable, integerArg, takes } from './command-table.ts'
import { bytesOfKey, CommandError, keyOf } from './database.ts'

const any = Number.POSITIVE_INFINITY
const pong = new RespStatus('PONG')

/** Commands about the connection, the server, and messages between clients. */
export const clientCommands: CommandTable = {
  PING: takes(0, ([text]) => text ?? pong, 1),
  ECHO: takes(1, ([text]) => text),
  SELECT: takes(1, ([index], { client, keeper }) => {
    const number = Number(integerArg(index))
    if (keeper.databases[number] === undefined) throw new CommandError('ERR DB index is out of range')
    client.selected = number
    return ok
  }),
  AUTH: takes(1, () => noPassword, 2),
  CLIENT: takes(1, aboutClient, any),
  COMMAND: takes(0, ([word]) => (word === undefined || textOf(word).toUpperCase() !== 'COUNT' ? [] : 0), any),
  CONFIG: takes(1, config, any),
  INFO: takes(0, info, any),
  SUBSCRIBE: takes(1, subscribe, any),
  UNSUBSCRIBE: takes(0, unsubscribe, any),
  PUBLISH: takes(2, publish),
}

function aboutClient([word, value]: readonly Uint8Array[], { client }: Call): RespValue {
  switch (textOf(word).toUpperCase()) {
    case 'ID':
      return client.id
    case 'GETNAME':
      return client.name === '' ? null : client.name
    case 'SETNAME':
      client.name = value === undefined ? '' : textOf(value)
      return ok
    case 'SETINFO':
    case 'NO-EVICT':
    case 'NO-TOUCH':
      return ok
    case 'INFO':
    case 'LIST':
      return `id=${client.id} name=${client.name} db=${client.selected}\n`
    default:
      throw new CommandError(`ERR unknown subcommand '${textOf(word)}'. Try CLIENT HELP.`)
  }
}

function config([word, ...names]: readonly Uint8Array[]): RespValue {
  if (textOf(word).toUpperCase() !== 'GET')
    throw new CommandError('ERR this server has no settings to change')
  const known: Readonly<Record<string, string>> = { save: '', appendonly: 'no' }
  const settings = new Map<RespValue, RespValue>()
  for (const name of names.map((bytes) => textOf(bytes).toLowerCase())) {
    if (Object.hasOwn(known, name)) settings.set(name, known[name])
  }
  return settings
}

function info(_: readonly Uint8Array[], { keeper }: Call): RespValue {
  const keys = keeper.databases
    .map((database, index) => [index, database.size])
    .filter(([, size]) => size > 0)
  return [
    '# Server',
    'redis_version:7.0.0',
    'redis_mode:standalone',
    '# Clients',
    `connected_clients:${keeper.clientCount}`,
    '# Keyspace',
    ...keys.map(([index, size]) => `db${index}:keys=${size},expires=0`),
    '',
  ].join('\r\n')
}

function subscribe(names: readonly Uint8Array[], { client, keeper }: Call): RespReply {
  for (const name of names) {
    keeper.subscribe(client, keyOf(name))
    client.push(['subscribe', name, client.subscriptions.size])
  }
  return noReply
}

function unsubscribe(names: readonly Uint8Array[], { client, keeper }: Call): RespReply {
  const chosen = names.length > 0 ? names.map(keyOf) : [...client.subscriptions]
  for (const name of chosen) {
    keeper.unsubscribe(client, name)
    client.push(['unsubscribe', bytesOfKey(name), client.subscriptions.size])
  }
  if (chosen.length === 0) client.push(['unsubscribe', null, 0])
  return noReply
}

function publish([name, message]: readonly Uint8Array[], { keeper }: Call): RespValue {
  const subscribers = keeper.subscribers(keyOf(name))
  for (const subscriber of [...subscribers]) subscriber.push(['message', name, message])
  return subscribers.size
}
