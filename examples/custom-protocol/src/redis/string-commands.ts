import { bytesOf, ok, type RespValue, textOf } from '../resp/resp-value.ts'
import { type Call, type CommandTable, countArg, integerArg, syntaxError, takes } from './command-table.ts'
import { CommandError, keyOf } from './database.ts'

/** Commands on keys that hold bytes. */
export const stringCommands: CommandTable = {
  GET: takes(1, ([key], { database }) => database.bytes(keyOf(key)) ?? null),
  SET: takes(2, set, Number.POSITIVE_INFINITY),
  MGET: takes(
    1,
    (keys, { database }) =>
      keys.map((key) => {
        const value = database.get(keyOf(key))
        return value instanceof Uint8Array ? value : null
      }),
    Number.POSITIVE_INFINITY,
  ),
  MSET: takes(2, multiSet, Number.POSITIVE_INFINITY),
  STRLEN: takes(1, ([key], { database }) => database.bytes(keyOf(key))?.length ?? 0),
  APPEND: takes(2, append),
  INCR: takes(1, ([key], call) => increment(key, 1n, call)),
  DECR: takes(1, ([key], call) => increment(key, -1n, call)),
  INCRBY: takes(2, ([key, by], call) => increment(key, integerArg(by), call)),
  DECRBY: takes(2, ([key, by], call) => increment(key, -integerArg(by), call)),
}

function set(args: readonly Uint8Array[], { database }: Call): RespValue {
  const [keyBytes, value] = args
  const key = keyOf(keyBytes)
  let ttlMs = Number.POSITIVE_INFINITY
  let condition: 'NX' | 'XX' | undefined
  let isTtlKept = false
  let wantsOld = false
  for (let index = 2; index < args.length; index++) {
    const word = textOf(args[index]).toUpperCase()
    if ((word === 'NX' || word === 'XX') && condition === undefined) condition = word
    else if (word === 'GET') wantsOld = true
    else if (word === 'KEEPTTL') isTtlKept = true
    else if (
      (word === 'EX' || word === 'PX') &&
      index + 1 < args.length &&
      ttlMs === Number.POSITIVE_INFINITY
    ) {
      ttlMs = countArg(args[++index]) * (word === 'EX' ? 1000 : 1)
      if (ttlMs <= 0) throw new CommandError("ERR invalid expire time in 'set' command")
    } else throw syntaxError()
  }
  if (isTtlKept && ttlMs !== Number.POSITIVE_INFINITY) throw syntaxError()
  const old = wantsOld ? (database.bytes(key) ?? null) : null
  const isThere = database.get(key) !== undefined
  if (condition !== undefined && isThere !== (condition === 'XX')) return old
  if (isTtlKept) database.update(key, value)
  else database.set(key, value, ttlMs)
  return wantsOld ? old : ok
}

function multiSet(args: readonly Uint8Array[], { database }: Call): RespValue {
  if (args.length % 2 === 1) throw new CommandError("ERR wrong number of arguments for 'mset' command")
  for (let index = 0; index < args.length; index += 2) database.set(keyOf(args[index]), args[index + 1])
  return ok
}

function append([keyBytes, more]: readonly Uint8Array[], { database }: Call): RespValue {
  const key = keyOf(keyBytes)
  const before = database.bytes(key)
  const value = before === undefined ? more : new Uint8Array(Buffer.concat([before, more]))
  database.update(key, value)
  return value.length
}

function increment(keyBytes: Uint8Array, by: bigint, { database }: Call): RespValue {
  const key = keyOf(keyBytes)
  const before = database.bytes(key)
  const value = (before === undefined ? 0n : integerArg(before)) + by
  if (BigInt.asIntN(64, value) !== value) throw new CommandError('ERR increment or decrement would overflow')
  database.update(key, bytesOf(String(value)))
  return value
}
