import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import type { NetConnectOpts } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ProtoFactory } from 'millrace'
import { afterEach, expect, it } from 'vitest'
import { resp } from '../resp/resp.ts'
import { RawClient } from '../testing/raw-client.ts'
import { Server, storeLimits } from './server.ts'

const cleanups: (() => void)[] = []

afterEach(() => {
  for (const clean of cleanups.splice(0)) clean()
})

/** What both servers must answer with the same bytes. */
const dialogue = [
  'PING',
  'PING hello',
  'SET a 1',
  'GET a',
  'GET none',
  'SET a 2 NX',
  'SET a 2 EX 0',
  'SET a 2 WHAT',
  'INCR a',
  'INCRBY a 40',
  'DECR none',
  'EXISTS a none a',
  'MSET x 1 y 2',
  'MSET x',
  'MGET x none y',
  'APPEND x 234',
  'INCR y extra',
  'EXPIRE x 100',
  'TTL x',
  'TTL y',
  'TTL none',
  'HSET h f v g w',
  'HGET h f',
  'HGET h none',
  'HGETALL h',
  'HGETALL none',
  'LPUSH l a b c',
  'LRANGE l 0 -1',
  'LRANGE l 1 100',
  'LRANGE l 5 1',
  'LRANGE l x 1',
  'LPOP l',
  'INCR h',
  'GET l',
  'TYPE h',
  'KEYS [xz]*',
  'DEL a x none',
  'SCAN x',
  'SELECT 99',
  'SELECT 1',
  'DBSIZE',
  'SELECT 0',
  'DBSIZE',
  'MULTI',
  'INCR y',
  'INCR h',
  'MULTI',
  'EXEC',
  'MULTI',
  'INCR',
  'EXEC',
  'EXEC',
  'DISCARD',
  'PUBLISH nobody hi',
  'AUTH secret',
  'ECHO "a\\x00\\r\\n\\"b"',
  'CLIENT GETNAME',
  'CLIENT SETNAME me',
  'CLIENT GETNAME',
  'HELLO 9',
  'HELLO x',
  'FLUSHALL',
  'DBSIZE',
]

const broken = ['*x\r\n', '*1\r\nx\r\n', '*1\r\n$x\r\n', '*1\r\n$-1\r\n', '"a\r\n', '*99999999999\r\n']

const isInstalled = spawnSync('redis-server', ['--version']).status === 0

it('answers with the same bytes as redis-server, in both versions', async ({ skip }) => {
  if (!isInstalled) skip('not run: redis-server is not installed')
  const open = [await openOurs(), await openTheirs()]
  for (const version of [2, 3]) {
    const [ours, theirs] = await Promise.all(open.map(async (client) => talk(await client(), version)))
    expect(theirs.length).toBeGreaterThan(dialogue.length)
    expect(ours).toEqual(theirs)
  }
})

it('ends a broken stream as redis-server does', async ({ skip }) => {
  if (!isInstalled) skip('not run: redis-server is not installed')
  const open = [await openOurs(), await openTheirs()]
  for (const bytes of broken) {
    const [ours, theirs] = await Promise.all(
      open.map(async (client) => {
        const opened = await client()
        opened.write(`PING\r\n${bytes}`)
        await opened.ended
        return opened.received
      }),
    )
    expect(ours).toMatch(/^\+PONG\r\n-ERR Protocol error: .*\r\n$/)
    expect(ours).toBe(theirs)
  }
})

/** Says everything in one go, and notes the lines that come back. `HELLO` tells about the server itself: it is left out. */
async function talk(client: RawClient, version: number): Promise<string[]> {
  client.write(`HELLO ${version}\r\nECHO ready\r\n${dialogue.join('\r\n')}\r\nQUIT\r\n`)
  await client.ended
  return client.received.split('$5\r\nready\r\n')[1].split('\r\n')
}

async function openOurs(): Promise<() => Promise<RawClient>> {
  const pipe = new ProtoFactory().add('resp', resp()).create('tcp', '127.0.0.1', 0, 'resp', storeLimits)
  new Server().serve(pipe)
  await pipe.bind()
  cleanups.push(() => pipe.destroy())
  const port = Number(pipe.address?.text.split(':').at(-1))
  return () => connect({ host: '127.0.0.1', port })
}

async function openTheirs(): Promise<() => Promise<RawClient>> {
  const folder = mkdtempSync(join(tmpdir(), 'redis-server-'))
  const path = join(folder, 'socket')
  const server: ChildProcess = spawn('redis-server', ['--port', '0', '--unixsocket', path, '--save', ''], {
    cwd: folder,
    stdio: 'ignore',
  })
  cleanups.push(() => {
    server.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })
  await expect
    .poll(() => RawClient.open({ path }).then((client) => client.destroy()), { timeout: 5000 })
    .toBeUndefined()
  return () => connect({ path })
}

async function connect(options: NetConnectOpts): Promise<RawClient> {
  const client = await RawClient.open(options)
  cleanups.push(() => client.destroy())
  return client
}
