import { beforeEach, describe, expect, it } from 'vitest'
import { command, noReply, RespError, type RespReply, RespStatus } from '../resp/resp-value.ts'
import { runCommand } from './command-runner.ts'
import type { Client } from './command-table.ts'
import { Server } from './server.ts'

let now: number
let server: Server

interface Talker {
  readonly client: Client
  readonly pushed: unknown[]
  /** Runs a line of words; bytes come back as texts. */
  say(line: string): unknown
}

function talker(): Talker {
  const pushed: unknown[] = []
  const client: Client = {
    id: 1,
    name: '',
    selected: 0,
    queued: undefined,
    isSpoiled: false,
    subscriptions: new Set(),
    push: (items) => pushed.push(items.map((item) => plain(item))),
  }
  const say = (line: string) => {
    const [name, ...args] = line.split(' ')
    return plain(runCommand(command(name, ...args), client, server))
  }
  return { client, pushed, say }
}

function plain(value: RespReply): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString()
  if (value instanceof RespStatus || value instanceof RespError) return value.text
  if (value instanceof Map)
    return Object.fromEntries([...value].map(([key, item]) => [plain(key), plain(item)]))
  if (Array.isArray(value)) return value.map(plain)
  return value
}

beforeEach(() => {
  now = 1_000
  server = new Server(() => now)
})

describe('the commands', () => {
  it.each<[string, [string, unknown][]]>([
    [
      'SET',
      [
        ['SET a 1', 'OK'],
        ['SET a 2 NX', null],
        ['SET b 2 XX', null],
        ['SET a 3 XX GET', '1'],
        ['SET a 4 EX 0', "ERR invalid expire time in 'set' command"],
        ['SET a 4 EX x', 'ERR value is not an integer or out of range'],
        ['SET a 4 NX XX', 'ERR syntax error'],
        ['SET a 4 EX', 'ERR syntax error'],
        ['GET a', '3'],
      ],
    ],
    [
      'numbers',
      [
        ['SET n 9223372036854775806', 'OK'],
        ['INCR n', 9223372036854775807n],
        ['INCR n', 'ERR increment or decrement would overflow'],
        ['DECRBY n 9223372036854775807', 0n],
        ['SET n 01', 'OK'],
        ['INCR n', 'ERR value is not an integer or out of range'],
      ],
    ],
    [
      'strings',
      [
        ['APPEND s abc', 3],
        ['APPEND s def', 6],
        ['STRLEN s', 6],
        ['MSET a 1 b 2', 'OK'],
        ['MGET a none b', ['1', null, '2']],
        ['MSET a', "ERR wrong number of arguments for 'mset' command"],
        ['MSET a 1 b', "ERR wrong number of arguments for 'mset' command"],
      ],
    ],
    [
      'lists',
      [
        ['LPUSH l a b', 2],
        ['RPUSH l c', 3],
        ['LRANGE l 0 -1', ['b', 'a', 'c']],
        ['LRANGE l -100 100', ['b', 'a', 'c']],
        ['LRANGE l 2 1', []],
        ['LPOP l', 'b'],
        ['RPOP l', 'c'],
        ['RPOP l', 'a'],
        ['EXISTS l', 0],
        ['LPOP l', null],
      ],
    ],
    [
      'hashes',
      [
        ['HSET h a 1 b 2', 2],
        ['HSET h a 3', 0],
        ['HSET h a', "ERR wrong number of arguments for 'hset' command"],
        ['HGETALL h', { a: '3', b: '2' }],
        ['HGET h none', null],
        ['HDEL h a b none', 2],
        ['TYPE h', 'none'],
      ],
    ],
    [
      'kinds',
      [
        ['SET s 1', 'OK'],
        ['LPUSH s a', 'WRONGTYPE Operation against a key holding the wrong kind of value'],
        ['HSET s a 1', 'WRONGTYPE Operation against a key holding the wrong kind of value'],
        ['TYPE s', 'string'],
      ],
    ],
    [
      'databases',
      [
        ['SET a 1', 'OK'],
        ['SELECT 1', 'OK'],
        ['GET a', null],
        ['SELECT 16', 'ERR DB index is out of range'],
        ['SELECT -1', 'ERR DB index is out of range'],
        ['SET a 2', 'OK'],
        ['FLUSHDB', 'OK'],
        ['SELECT 0', 'OK'],
        ['KEYS *', ['a']],
      ],
    ],
    [
      'scans',
      [
        ['MSET a 1 b 2 c 3', 'OK'],
        ['SCAN 0 COUNT 2', ['2', ['a', 'b']]],
        ['SCAN 2 COUNT 2', ['0', ['c']]],
        ['SCAN 0 MATCH [ab]', ['0', ['a', 'b']]],
        ['SCAN 0 TYPE list', ['0', []]],
        ['SCAN x', 'ERR invalid cursor'],
        ['SCAN 0 COUNT 0', 'ERR syntax error'],
      ],
    ],
    [
      'clients',
      [
        ['PING', 'PONG'],
        ['PING hello', 'hello'],
        ['CLIENT SETNAME me', 'OK'],
        ['CLIENT GETNAME', 'me'],
        ['CLIENT WHAT', "ERR unknown subcommand 'WHAT'. Try CLIENT HELP."],
        ['CONFIG GET save other', { save: '' }],
        ['PING a b', "ERR wrong number of arguments for 'ping' command"],
        ['__proto__', "ERR unknown command '__proto__'"],
        ['constructor', "ERR unknown command 'constructor'"],
      ],
    ],
    [
      'transactions',
      [
        ['EXEC', 'ERR EXEC without MULTI'],
        ['MULTI', 'OK'],
        ['MULTI', 'ERR MULTI calls can not be nested'],
        ['SET a 1', 'QUEUED'],
        ['LPUSH a x', 'QUEUED'],
        ['GET a', 'QUEUED'],
        ['EXEC', ['OK', 'WRONGTYPE Operation against a key holding the wrong kind of value', '1']],
        ['MULTI', 'OK'],
        ['NONSENSE', "ERR unknown command 'NONSENSE'"],
        ['EXEC', 'EXECABORT Transaction discarded because of previous errors.'],
        ['MULTI', 'OK'],
        ['SUBSCRIBE x', 'ERR SUBSCRIBE is not allowed in transactions here'],
        ['DISCARD', 'OK'],
        ['GET a', '1'],
      ],
    ],
  ])('%s', (_, talk) => {
    const { say } = talker()
    expect(talk.map(([line]) => [line, say(line)])).toEqual(talk)
  })

  it('let keys expire by the clock', () => {
    const { say } = talker()
    say('SET a 1 EX 10')
    say('SET b 1 PX 1500')
    expect([say('TTL a'), say('TTL b'), say('PTTL b')]).toEqual([10, 2, 1500])
    now += 1499
    expect(say('KEYS *')).toEqual(['a', 'b'])
    now += 1
    expect([say('KEYS *'), say('GET b'), say('TTL b'), say('DBSIZE')]).toEqual([['a'], null, -2, 1])
    expect([say('PERSIST a'), say('PERSIST a'), say('TTL a')]).toEqual([1, 0, -1])
    say('EXPIRE a 5')
    say('INCR a')
    expect(say('TTL a')).toBe(5)
    expect([say('SET a 2 KEEPTTL'), say('TTL a'), say('SET a 3'), say('TTL a')]).toEqual(['OK', 5, 'OK', -1])
    expect([say('EXPIRE a -1'), say('EXISTS a')]).toEqual([1, 0])
  })

  it('bring messages to subscribers', () => {
    const ada = talker()
    const bob = talker()
    expect(runCommand(command('SUBSCRIBE', 'x', 'y'), ada.client, server)).toBe(noReply)
    bob.say('SUBSCRIBE x')
    expect(bob.say('PUBLISH x hello')).toBe(2)
    ada.say('UNSUBSCRIBE')
    ada.say('UNSUBSCRIBE')
    expect(bob.say('PUBLISH x again')).toBe(1)
    expect(ada.pushed).toEqual([
      ['subscribe', 'x', 1],
      ['subscribe', 'y', 2],
      ['message', 'x', 'hello'],
      ['unsubscribe', 'x', 1],
      ['unsubscribe', 'y', 0],
      ['unsubscribe', null, 0],
    ])
    expect(bob.pushed).toHaveLength(3)
  })
})
