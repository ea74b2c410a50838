import type { RespValue } from '../resp/resp-value.ts'
import { type Call, type CommandTable, countArg, takes } from './command-table.ts'
import { bytesOfKey, CommandError, keyOf } from './database.ts'

const any = Number.POSITIVE_INFINITY

/** Commands on keys that hold lists or hashes. */
export const collectionCommands: CommandTable = {
  LPUSH: takes(2, (args, call) => push('left', args, call), any),
  RPUSH: takes(2, (args, call) => push('right', args, call), any),
  LPOP: takes(1, (args, call) => pop('left', args, call)),
  RPOP: takes(1, (args, call) => pop('right', args, call)),
  LLEN: takes(1, ([key], { database }) => database.list(keyOf(key))?.length ?? 0),
  LRANGE: takes(3, listRange),
  HSET: takes(3, hashSet, any),
  HGET: takes(2, ([key, field], { database }) => database.hash(keyOf(key))?.get(keyOf(field)) ?? null),
  HDEL: takes(2, hashDelete, any),
  HLEN: takes(1, ([key], { database }) => database.hash(keyOf(key))?.size ?? 0),
  HGETALL: takes(1, hashAll),
}

function push(
  end: 'left' | 'right',
  [keyBytes, ...items]: readonly Uint8Array[],
  { database }: Call,
): RespValue {
  const key = keyOf(keyBytes)
  const list = database.list(key) ?? []
  if (list.length === 0) database.set(key, list)
  for (const item of items) {
    if (end === 'left') list.unshift(item)
    else list.push(item)
  }
  return list.length
}

function pop(end: 'left' | 'right', [keyBytes]: readonly Uint8Array[], { database }: Call): RespValue {
  const key = keyOf(keyBytes)
  const list = database.list(key)
  const item = end === 'left' ? list?.shift() : list?.pop()
  if (list?.length === 0) database.delete(key)
  return item ?? null
}

function listRange([key, first, last]: readonly Uint8Array[], { database }: Call): RespValue {
  const list = database.list(keyOf(key)) ?? []
  const at = (bytes: Uint8Array) => {
    const index = countArg(bytes)
    return index < 0 ? list.length + index : index
  }
  return list.slice(Math.max(at(first), 0), Math.max(at(last) + 1, 0))
}

function hashSet([keyBytes, ...pairs]: readonly Uint8Array[], { database }: Call): RespValue {
  if (pairs.length % 2 === 1) throw new CommandError("ERR wrong number of arguments for 'hset' command")
  const key = keyOf(keyBytes)
  const hash = database.hash(key) ?? new Map<string, Uint8Array>()
  const before = hash.size
  if (before === 0) database.set(key, hash)
  for (let index = 0; index < pairs.length; index += 2) hash.set(keyOf(pairs[index]), pairs[index + 1])
  return hash.size - before
}

function hashDelete([keyBytes, ...fields]: readonly Uint8Array[], { database }: Call): RespValue {
  const key = keyOf(keyBytes)
  const hash = database.hash(key)
  const count = fields.filter((field) => hash?.delete(keyOf(field))).length
  if (hash?.size === 0) database.delete(key)
  return count
}

function hashAll([key]: readonly Uint8Array[], { database }: Call): RespValue {
  const fields = [...(database.hash(keyOf(key)) ?? [])]
  return new Map<RespValue, RespValue>(fields.map(([field, value]) => [bytesOfKey(field), value]))
}
