import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { type GamePipe, gameFactory, portOf } from '../fixtures/tcp-pair.ts'
import type { MillraceError, PipeOptions } from './index.ts'

const pipes: GamePipe[] = []
const folder =
  process.platform === 'win32'
    ? String.raw`\\.\pipe\millrace-manual-${process.pid}`
    : mkdtempSync(join(tmpdir(), 'mill-'))

afterEach(() => {
  for (const pipe of pipes.splice(0)) pipe.destroy()
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Pipes of one transport that find each other. */
function maker(transport: 'tcp' | 'ipc' | 'local') {
  const factory = gameFactory()
  return (options: PipeOptions, server?: GamePipe): GamePipe => {
    const pipe: GamePipe =
      transport === 'tcp'
        ? factory.create('tcp', '127.0.0.1', server === undefined ? 0 : portOf(server), 'game', options)
        : factory.create(transport, join(folder, 'game.sock'), 'game', options)
    pipes.push(pipe)
    return pipe
  }
}

describe.each(['tcp', 'ipc', 'local'] as const)('over %s, a program without ticks', (transport) => {
  it('closes in order', async () => {
    const make = maker(transport)
    const server = await make({ drive: 'manual' }).bind()
    let told = 0
    server.on('close', () => void told++)
    const ticks = setInterval(() => server.process(), 5)
    const channel = await make({}, server).open()
    clearInterval(ticks)
    await server.close('the server restarts')
    expect(await channel.closed).toMatchObject({ code: 'closed', by: 'remote', text: 'the server restarts' })
    expect(told).toBe(0)
    server.process()
    expect(told).toBe(1)
  })

  it('learns that nothing opens without turns', async () => {
    const make = maker(transport)
    const server = await make({}).bind()
    const client = make({ drive: 'manual', handshakeTimeoutMs: 100 }, server)
    const error: MillraceError = await client.open().then(
      () => expect.unreachable('it opened'),
      (reason) => reason,
    )
    expect(error.code).toBe('handshake-failed')
    expect(error.message).toContain('its program or driver must call process()')
  })
})
