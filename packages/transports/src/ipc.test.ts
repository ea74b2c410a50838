import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  KeyTable,
  type MillraceError,
  type PipeOptions,
  type Protocol,
  ProtoFactory,
  type SessionHost,
} from '@millrace/core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Ipc, ipc } from './ipc.ts'
import { nodePlatform } from './node-platform.ts'

let folder = ''
let count = 0
const pipes: { destroy(): void }[] = []

/** The least protocol: every byte is a message named `byte`. The channel opens with the first one, or when it is opened. */
const bytesOnly: Protocol<{ byte: number }> = {
  kind: 'protocol',
  label: 'bytes',
  keys: KeyTable.closed(['byte']),
  session: (host: SessionHost) => {
    const stored: number[] = []
    let isOpen = false
    return {
      start: () => {
        if (host.role === 'opened') host.out.append(new Uint8Array([0]))
      },
      receive: (chunk) => void stored.push(...chunk),
      process: () => {
        while (host.mayDeliver && stored.length > 0) {
          const byte = stored.shift() as number
          if (isOpen) host.deliver(0, byte)
          else {
            isOpen = true
            if (host.role === 'accepted') host.out.append(new Uint8Array([0]))
            if (host.admit() !== 'yes') return
            host.opened()
          }
        }
      },
      get stored() {
        return stored.length
      },
      encode: (_, body) => host.out.append(new Uint8Array([body as number])),
      linkEnded: () => ({ code: 'link-ended' }),
      release: () => void stored.splice(0),
    }
  },
}

const factory = new ProtoFactory({ platform: nodePlatform }).add('ipc', ipc()).add('bytes', bytesOnly)

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-'))
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

afterEach(() => {
  for (const pipe of pipes.splice(0)) pipe.destroy()
})

function freshPath(): string {
  return join(folder, `${count++}.sock`)
}

function ipcPipe(path: string, options: PipeOptions = {}) {
  const pipe = factory.create('ipc', path, 'bytes', options)
  pipes.push(pipe)
  return pipe
}

/** Leaves the socket file of a process that was killed. */
async function leaveStaleSocket(path: string): Promise<void> {
  const program = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => console.log('bound'))`
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise((resolve) => child.stdout.once('data', resolve))
  child.kill('SIGKILL')
  await new Promise((resolve) => child.once('close', resolve))
}

const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'resolved',
    (error: MillraceError) => error.code,
  )

describe('ipc addresses', () => {
  it.each([[''], [7], ['a\0b'], [undefined]])('refuses %j as a path', (path) => {
    const parse = () => ipc().address('ipc', { path: path as string })
    expect(parse).toThrow(expect.objectContaining({ code: 'address-invalid' }))
    expect(parse).toThrow(/path/)
  })

  it.runIf(process.platform !== 'win32')('refuses a path that is too long, and takes the longest one', () => {
    const make = (path: string) => () => ipc().address('ipc', { path })
    expect(make(`/${'a'.repeat(103)}`)).toThrow(/at most 103 bytes; got 104/)
    expect(make(`/${'ü'.repeat(52)}`)).toThrow(/got 105/)
    expect(make(`/${'a'.repeat(102)}`)).not.toThrow()
  })
})

// Named pipes have neither files nor rights.
describe.runIf(process.platform !== 'win32')('ipc sockets', () => {
  it('carry messages', async () => {
    const path = freshPath()
    const server = ipcPipe(path)
    const heard: number[] = []
    const done = new Promise<void>((resolve) => {
      server.on('accepted', (_, channel) => {
        channel.on('byte', (value) => {
          heard.push(value)
          if (heard.length === 3) resolve()
        })
      })
    })
    await server.bind()
    const channel = await ipcPipe(path).open()
    for (const value of [3, 2, 1]) channel.send('byte', value)
    await done
    expect(heard).toEqual([3, 2, 1])
  })

  it('take the longest path there is, and work there', async () => {
    const path = join(folder, 'x'.repeat(102 - folder.length))
    expect(Buffer.byteLength(path)).toBe(103)
    await ipcPipe(path).bind()
    expect((await ipcPipe(path).open()).isOpen).toBe(true)
  })

  it('let only their own user in, from the first moment', async () => {
    const path = freshPath()
    const before = process.umask()
    await ipcPipe(path).bind()
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(process.umask()).toBe(before)
  })

  it('let everyone in when asked to', async () => {
    const path = freshPath()
    const pipe = ipcPipe(path)
    pipe.getProto().as(Ipc).setAccess('everyone')
    await pipe.bind()
    expect(statSync(path).mode & 0o666).toBe(0o666)
  })

  it('replace the file of a process that is gone', async () => {
    const path = freshPath()
    await leaveStaleSocket(path)
    expect(statSync(path).isSocket()).toBe(true)
    await ipcPipe(path).bind()
    expect((await ipcPipe(path).open()).isOpen).toBe(true)
  })

  it('leave a live one alone: address-in-use, and it goes on', async () => {
    const path = freshPath()
    await ipcPipe(path).bind()
    const first = await ipcPipe(path).open()
    await expect(ipcPipe(path).bind()).rejects.toMatchObject({
      code: 'address-in-use',
      message: `cannot bind ${path}: another process listens there; choose another path`,
    })
    expect(first.isOpen).toBe(true)
    expect((await ipcPipe(path).open()).isOpen).toBe(true)
  })

  it('do not touch a file that is no socket', async () => {
    const path = freshPath()
    writeFileSync(path, 'precious')
    expect(await codeOf(ipcPipe(path).bind())).toBe('address-in-use')
    expect(readFileSync(path, 'utf8')).toBe('precious')
    expect(await codeOf(ipcPipe(path).open())).toBe('connect-failed')
  })

  it('do not follow a link to a socket', async () => {
    const stale = freshPath()
    await leaveStaleSocket(stale)
    const path = freshPath()
    symlinkSync(stale, path)
    expect(await codeOf(ipcPipe(path).bind())).toBe('address-in-use')
    expect(existsSync(stale)).toBe(true)
  })

  it('are gone from the file system after close, and can be bound again at once', async () => {
    const path = freshPath()
    const server = await ipcPipe(path).bind()
    await server.close()
    expect(existsSync(path)).toBe(false)
    expect(await codeOf(ipcPipe(path).open())).toBe('connect-failed')
    for (let round = 0; round < 5; round++) {
      const next = await ipcPipe(path).bind()
      expect((await ipcPipe(path).open()).isOpen).toBe(true)
      await next.close()
    }
  })

  it('tell that a folder is missing', async () => {
    const path = join(folder, 'nowhere', 'game.sock')
    await expect(ipcPipe(path).bind()).rejects.toMatchObject({
      code: 'listen-failed',
      message: `cannot bind ${path}: the folder ${join(folder, 'nowhere')} does not exist`,
    })
    expect(await codeOf(ipcPipe(path).open())).toBe('connect-failed')
  })

  it('survive a peer that resets in the middle', async () => {
    const path = freshPath()
    const server = ipcPipe(path)
    const reasons: string[] = []
    server.on('close', (_, _channel, { code }) => void reasons.push(code)).on('error', () => {})
    await server.bind()
    for (let round = 0; round < 20; round++) {
      await new Promise<void>((resolve) => {
        const socket = connect(path, () => socket.write(new Uint8Array([0, 1, 2, 3])))
        socket.once('data', () => socket.destroy())
        socket.on('close', () => resolve())
      })
    }
    const channel = await ipcPipe(path).open()
    await server.close()
    expect(await channel.closed).toMatchObject({ code: 'link-ended' })
    expect(reasons).toHaveLength(21)
    expect(reasons.slice(0, 20).every((code) => code === 'link-ended' || code === 'link-failed')).toBe(true)
  })
})
