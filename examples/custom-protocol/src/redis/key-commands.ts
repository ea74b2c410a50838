import { bytesOf, ok, RespStatus, type RespValue, textOf } from '../resp/resp-value.ts'
import { type Call, type CommandTable, countArg, syntaxError, takes } from './command-table.ts'
import { bytesOfKey, CommandError, keyOf } from './database.ts'
import { matches } from './glob.ts'

const any = Number.POSITIVE_INFINITY

/** Commands on keys, whatever they hold. */
export const keyCommands: CommandTable = {
  DEL: takes(1, remove, any),
  UNLINK: takes(1, remove, any),
  EXISTS: takes(
    1,
    (keys, { database }) => keys.filter((key) => database.get(keyOf(key)) !== undefined).length,
    any,
  ),
  TYPE: takes(1, ([key], { database }) => new RespStatus(database.kind(keyOf(key)))),
  EXPIRE: takes(2, (args, call) => expire(args, 1000, call)),
  PEXPIRE: takes(2, (args, call) => expire(args, 1, call)),
  PERSIST: takes(1, ([key], { database }) =>
    database.ttlMs(keyOf(key)) >= 0 && database.expire(keyOf(key), any) ? 1 : 0,
  ),
  TTL: takes(1, ([key], { database }) => {
    const left = database.ttlMs(keyOf(key))
    return left < 0 ? left : Math.ceil(left / 1000)
  }),
  PTTL: takes(1, ([key], { database }) => Math.ceil(database.ttlMs(keyOf(key)))),
  KEYS: takes(1, ([pattern], { database }) =>
    database
      .keys()
      .filter((key) => matches(keyOf(pattern), key))
      .map(bytesOfKey),
  ),
  SCAN: takes(1, scan, any),
  DBSIZE: takes(0, (_, { database }) => database.size),
  FLUSHDB: takes(
    0,
    (_, { database }) => {
      database.clear()
      return ok
    },
    1,
  ),
  FLUSHALL: takes(
    0,
    (_, { keeper }) => {
      for (const database of keeper.databases) database.clear()
      return ok
    },
    1,
  ),
}

function remove(keys: readonly Uint8Array[], { database }: Call): RespValue {
  return keys.filter((key) => database.delete(keyOf(key))).length
}

function expire([key, time]: readonly Uint8Array[], unitMs: number, { database }: Call): RespValue {
  return database.expire(keyOf(key), countArg(time) * unitMs) ? 1 : 0
}

/** The cursor is a position in the order of the keys: one that is deleted meanwhile may hide another from the scan. */
function scan(args: readonly Uint8Array[], { database }: Call): RespValue {
  const cursor = textOf(args[0])
  if (!/^\d{1,15}$/.test(cursor)) throw new CommandError('ERR invalid cursor')
  let count = 10
  let pattern = '*'
  let kind: string | undefined
  for (let index = 1; index < args.length; index += 2) {
    const word = textOf(args[index]).toUpperCase()
    if (index + 1 >= args.length) throw syntaxError()
    if (word === 'MATCH') pattern = keyOf(args[index + 1])
    else if (word === 'COUNT') count = countArg(args[index + 1])
    else if (word === 'TYPE') kind = textOf(args[index + 1]).toLowerCase()
    else throw syntaxError()
  }
  if (count < 1) throw syntaxError()
  const keys = database.keys()
  const end = Number(cursor) + count
  const found = keys
    .slice(Number(cursor), end)
    .filter((key) => matches(pattern, key) && (kind === undefined || database.kind(key) === kind))
  return [bytesOf(end < keys.length ? String(end) : '0'), found.map(bytesOfKey)]
}
