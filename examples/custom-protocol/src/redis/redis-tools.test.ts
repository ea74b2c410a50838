import { execFile, spawnSync } from 'node:child_process'
import { promisify } from 'node:util'
import { type Pipe, ProtoFactory } from 'millrace'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RespMessages, resp } from '../resp/resp.ts'
import { Server, storeLimits } from './server.ts'

const run = promisify(execFile)

/** Redis's own programs where they are installed; else a test says that it did not run. */
function isInstalled(program: string): boolean {
  return spawnSync(program, ['--version']).status === 0
}

describe("Redis's own tools", () => {
  let pipe: Pipe<RespMessages>
  let port: string

  beforeAll(async () => {
    const net = new ProtoFactory().add('resp', resp())
    pipe = net.create('tcp', '127.0.0.1', 0, 'resp', storeLimits)
    new Server().serve(pipe)
    await pipe.bind()
    port = String(pipe.address?.text.split(':').at(-1))
  })

  afterAll(() => pipe.destroy())

  it('redis-cli', async ({ skip }) => {
    if (!isInstalled('redis-cli')) skip('not run: redis-cli is not installed')
    const cli = async (...args: string[]) => (await run('redis-cli', ['-p', port, ...args])).stdout.trimEnd()
    expect(await cli('set', 'greeting', 'hello world')).toBe('OK')
    expect(await cli('get', 'greeting')).toBe('hello world')
    expect(await cli('-3', 'hset', 'hero', 'name', 'Ada')).toBe('1')
    expect(await cli('-3', '--json', 'hgetall', 'hero')).toBe('{"name":"Ada"}')
    expect(await cli('nonsense')).toContain("ERR unknown command 'NONSENSE'")
    expect(await cli('--scan', '--pattern', 'gr*')).toBe('greeting')
  })

  it('redis-benchmark', async ({ skip }) => {
    if (!isInstalled('redis-benchmark')) skip('not run: redis-benchmark is not installed')
    const tests = 'ping_inline,ping_mbulk,set,get,incr,lpush,lpop,hset,lrange_100,mset'
    const args = ['-p', port, '-t', tests, '-n', '2000', '-c', '20', '-P', '16', '--csv']
    const { stdout } = await run('redis-benchmark', args)
    const rows = stdout.trim().split('\n').slice(1)
    expect(rows.length).toBeGreaterThanOrEqual(10)
    for (const row of rows) expect(Number(row.split(',')[1].replaceAll('"', ''))).toBeGreaterThan(0)
  })
})
