import { ok, type RespCommand, type RespReply, RespStatus, type RespValue } from '../resp/resp-value.ts'
import { clientCommands } from './client-commands.ts'
import { collectionCommands } from './collection-commands.ts'
import type { Client, Command, Keeper } from './command-table.ts'
import { CommandError } from './database.ts'
import { keyCommands } from './key-commands.ts'
import { stringCommands } from './string-commands.ts'

const commands: ReadonlyMap<string, Command> = new Map(
  [stringCommands, keyCommands, collectionCommands, clientCommands].flatMap((table) => Object.entries(table)),
)

/** Commands that a transaction may hold at most; one more and EXEC is refused. */
const queuedMax = 65_536

const barredFromTransactions: ReadonlySet<string> = new Set(['SUBSCRIBE', 'UNSUBSCRIBE'])
const queued = new RespStatus('QUEUED')

/** Runs a client's command, or puts it aside until EXEC. Errors are replies: never throws on what a client sent. */
export function runCommand(command: RespCommand, client: Client, keeper: Keeper): RespReply {
  try {
    return dispatch(command, client, keeper)
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    return error.reply
  }
}

function dispatch({ name, args }: RespCommand, client: Client, keeper: Keeper): RespReply {
  if (name === 'MULTI') return begin(client)
  if (name === 'EXEC') return execute(client, keeper)
  if (name === 'DISCARD') return discard(client)
  try {
    const command = find(name, args)
    if (client.queued === undefined) return run(command, args, client, keeper)
    if (barredFromTransactions.has(name)) {
      throw new CommandError(`ERR ${name} is not allowed in transactions here`)
    }
    if (client.queued.length >= queuedMax) throw new CommandError('ERR too many commands in one transaction')
    client.queued.push({ command, args })
    return queued
  } catch (error) {
    client.isSpoiled = client.queued !== undefined
    throw error
  }
}

function find(name: string, args: readonly Uint8Array[]): Command {
  const command = commands.get(name)
  if (command === undefined) throw new CommandError(`ERR unknown command '${name.slice(0, 128)}'`)
  if (args.length >= command.argsMin && args.length <= command.argsMax) return command
  throw new CommandError(`ERR wrong number of arguments for '${name.toLowerCase()}' command`)
}

function run(command: Command, args: readonly Uint8Array[], client: Client, keeper: Keeper): RespReply {
  return command.run(args, { client, keeper, database: keeper.databases[client.selected] })
}

function begin(client: Client): RespReply {
  if (client.queued !== undefined) throw new CommandError('ERR MULTI calls can not be nested')
  client.queued = []
  client.isSpoiled = false
  return ok
}

function discard(client: Client): RespReply {
  if (client.queued === undefined) throw new CommandError('ERR DISCARD without MULTI')
  client.queued = undefined
  return ok
}

function execute(client: Client, keeper: Keeper): RespReply {
  const { queued: waiting } = client
  if (waiting === undefined) throw new CommandError('ERR EXEC without MULTI')
  client.queued = undefined
  if (client.isSpoiled) {
    throw new CommandError('EXECABORT Transaction discarded because of previous errors.')
  }
  return waiting.map(({ command, args }) => {
    try {
      return run(command, args, client, keeper) as RespValue
    } catch (error) {
      if (!(error instanceof CommandError)) throw error
      return error.reply
    }
  })
}
