import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs'
import { unlink } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Binder } from '../fixtures/binder.ts'
import { Ipc, ipc } from './ipc.ts'
import { PrivateFolder } from './private-folder.ts'
import { lockPath } from './stale-socket.ts'

const isUnix = process.platform !== 'win32'
let folder = ''
const endings: (() => unknown)[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mill-'))
})

afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
  rmSync(folder, { recursive: true, force: true })
})

/** Binds in this process. */
async function bind(path: string): Promise<{ readonly accepted: number; close(): Promise<void> }> {
  const heard = { accepted: 0 }
  const owner = {
    accepted: (link: { destroy(): void }) => {
      heard.accepted++
      link.destroy()
    },
    failed() {},
  }
  const listener = await new Ipc().listen(ipc().address('ipc', { path }), owner)
  endings.push(() => listener.close())
  return {
    get accepted() {
      return heard.accepted
    },
    close: () => listener.close(),
  }
}

const outcomes = (binding: Promise<unknown>[]) =>
  Promise.all(
    binding.map((promise) =>
      promise.then(
        () => 'bound',
        (error) => error.code,
      ),
    ),
  )

/** Whether a server listens there. */
function answers(path: string): Promise<'connected' | string> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve('connected')
    })
    socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code ?? ''))
  })
}

/** Leaves a socket file behind, as a process that was killed does. */
async function leaveStale(path: string, age: 'old' | 'young' = 'old'): Promise<void> {
  const server = createServer()
  const name = join(folder, `stale-${basename(path)}`)
  await new Promise<void>((resolve) => server.listen(name, resolve))
  linkSync(name, path)
  await new Promise((resolve) => server.close(resolve))
  const bornAt = Date.now() - (age === 'old' ? 60_000 : 0)
  utimesSync(path, bornAt / 1000, bornAt / 1000)
  expect(await answers(path)).toBe('ECONNREFUSED')
}

describe.runIf(isUnix)('a socket file', () => {
  it('is the only thing left in its folder, and gone after close', async () => {
    const path = join(folder, 'game.sock')
    const server = await bind(path)
    expect(readdirSync(folder)).toEqual(['game.sock'])
    await server.close()
    expect(readdirSync(folder)).toEqual([])
  })

  it('leaves nothing behind when its path is taken, by whatever it is', async () => {
    for (const name of ['live', 'folder']) {
      const path = join(folder, name)
      if (name === 'live') await bind(path)
      else mkdirSync(path)
      expect(await outcomes([bind(path)])).toEqual(['address-in-use'])
    }
    expect(readdirSync(folder).sort()).toEqual(['folder', 'live'])
  })

  it('of a later server stays when the earlier one closes', async () => {
    const path = join(folder, 'game.sock')
    const earlier = await bind(path)
    await unlink(path)
    const later = await bind(path)
    await earlier.close()
    expect(await answers(path)).toBe('connected')
    await later.close()
    expect(existsSync(path)).toBe(false)
  })

  it('has one owner when many bind at once, over nothing and over a stale file', async () => {
    for (let round = 0; round < 30; round++) {
      const path = join(folder, `${round}.sock`)
      if (round % 2 === 0) await leaveStale(path)
      const found = await outcomes(Array.from({ length: 4 }, () => bind(path)))
      expect(found.sort()).toEqual(['address-in-use', 'address-in-use', 'address-in-use', 'bound'])
      expect(await answers(path)).toBe('connected')
    }
    expect(readdirSync(folder).filter((name) => !/^\d+\.sock$/.test(name))).toEqual([])
  })

  it('has one owner when two processes bind at once over a stale file, in each of many rounds', async () => {
    const binders = []
    for (let index = 0; index < 2; index++) {
      const { binder, kill } = await Binder.inProcess()
      endings.push(kill)
      binders.push(binder)
    }
    for (let round = 0; round < 60; round++) {
      const path = join(folder, `${round}.sock`)
      await leaveStale(path)
      const found = await Promise.all(binders.map((binder) => binder.ask({ do: 'bind', path })))
      expect([...found].sort()).toEqual(['address-in-use', 'bound'])
      expect(await answers(path)).toBe('connected')
      expect(await binders[found.indexOf('address-in-use')].ask({ do: 'close', path })).toBe('closed')
      expect(await answers(path)).toBe('connected')
    }
    expect(readdirSync(folder).filter((name) => !/^\d+\.sock$/.test(name))).toEqual([])
  })

  it('is replaced although the process that was about to do so was killed', async () => {
    const path = join(folder, 'game.sock')
    await leaveStale(path)
    // Its lock, and the lock of that lock.
    const lock = lockPath(path, lstatSync(path, { bigint: true }))
    await leaveStale(lock)
    const lockOfLock = lockPath(lock, lstatSync(lock, { bigint: true }))
    await leaveStale(lockOfLock)
    await bind(path)
    expect(await answers(path)).toBe('connected')
    expect(readdirSync(folder)).toEqual(['game.sock'])
  })

  it('waits for one who is about to replace it, and looks again', async () => {
    const path = join(folder, 'game.sock')
    await leaveStale(path)
    const lock = lockPath(path, lstatSync(path, { bigint: true }))
    const holder = createServer((socket) => socket.destroy())
    // The holder lets go when it was asked for the third time whether it is there.
    const asked = new Promise<void>((resolve) => {
      let count = 0
      holder.on('connection', () => ++count === 3 && holder.close(() => resolve()))
    })
    await new Promise<void>((resolve) => holder.listen(lock, resolve))
    const [server] = await Promise.all([bind(path), asked])
    expect(await answers(path)).toBe('connected')
    await server.close()
  })

  it('can have the longest path with the shortest name', async () => {
    const deep = join(folder, 'd'.repeat(103 - folder.length - 3))
    mkdirSync(deep)
    const path = join(deep, 'g')
    expect(Buffer.byteLength(path)).toBe(103)
    if (process.platform === 'linux') {
      await leaveStale(path)
      await bind(path)
      expect(await answers(path)).toBe('connected')
    } else {
      expect(await outcomes([bind(path)])).toEqual(['address-invalid'])
    }
  })

  it('is bound without a word to the umask, and has its rights whatever that is', async () => {
    const { binder, kill } = await Binder.inProcess()
    endings.push(kill)
    for (const mask of [0, 0o002, 0o022, 0o077]) {
      await binder.ask({ do: 'umask', mask })
      for (const access of ['owner', 'everyone'] as const) {
        const path = join(folder, `${mask}-${access}.sock`)
        expect(await binder.ask({ do: 'bind', path, access })).toBe('bound')
        expect(statSync(path).mode & 0o777).toBe(access === 'owner' ? 0o600 : 0o666)
      }
      expect(await binder.ask({ do: 'umask', mask })).toBe(String(mask))
    }
  })

  it('can be bound in a worker thread', async () => {
    const { binder, kill } = await Binder.inThread()
    endings.push(kill)
    const path = join(folder, 'game.sock')
    await leaveStale(path)
    expect(await binder.ask({ do: 'bind', path })).toBe('bound')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(await answers(path)).toBe('connected')
    expect(await outcomes([bind(path)])).toEqual(['address-in-use'])
    expect(await binder.ask({ do: 'close', path })).toBe('closed')
    expect(readdirSync(folder)).toEqual(['stale-game.sock'].filter((name) => existsSync(join(folder, name))))
  })
})

describe.runIf(isUnix).each(['rr', 'none'] as const)('in a cluster (%s) a socket file', (scheduling) => {
  let binders: Binder[]
  let primary: number
  let kill: () => Promise<void>

  beforeAll(async () => {
    ;({ binders, primary, kill } = await Binder.inCluster(3, scheduling))
  })
  afterAll(() => kill())

  it('has its rights whatever the umask of the primary', async () => {
    const [lead, worker] = binders
    for (const mask of [0, 0o022, 0o077]) {
      await lead.ask({ do: 'umask', mask })
      for (const access of ['owner', 'everyone'] as const) {
        const path = join(folder, `${mask}-${access}.sock`)
        expect(await worker.ask({ do: 'bind', path, access })).toBe('bound')
        expect(statSync(path).mode & 0o777).toBe(access === 'owner' ? 0o600 : 0o666)
        expect(await worker.ask({ do: 'close', path })).toBe('closed')
      }
    }
    expect(readdirSync(folder)).toEqual([])
  })

  it('is shared by the workers, and stays until the last one has closed it', async () => {
    const path = join(folder, 'game.sock')
    const workers = binders.slice(1)
    await leaveStale(path)
    const found = await Promise.all(workers.map((worker) => worker.ask({ do: 'bind', path })))
    expect(found).toEqual(['bound', 'bound', 'bound'])
    const before = workers.reduce((sum, { accepted }) => sum + accepted, 0)
    expect(await answers(path)).toBe('connected')
    expect(await outcomes([bind(path)])).toEqual(['address-in-use'])
    for (const worker of workers.slice(1)) expect(await worker.ask({ do: 'close', path })).toBe('closed')
    expect(await answers(path)).toBe('connected')
    expect(await workers[2].ask({ do: 'bind', path })).toBe('bound')
    expect(await workers[0].ask({ do: 'close', path })).toBe('closed')
    expect(await answers(path)).toBe('connected')
    expect(await workers[2].ask({ do: 'close', path })).toBe('closed')
    expect(readdirSync(folder)).toEqual([])
    expect(workers.reduce((sum, { accepted }) => sum + accepted, 0)).toBeGreaterThan(before)
  })

  it('can be left and bound again by the workers at the same time', async () => {
    const path = join(folder, 'game.sock')
    const [, first, second] = binders
    expect(await first.ask({ do: 'bind', path })).toBe('bound')
    for (let round = 0; round < 20; round++) {
      const [leaving, coming] = round % 2 === 0 ? [first, second] : [second, first]
      const found = await Promise.all([leaving.ask({ do: 'close', path }), coming.ask({ do: 'bind', path })])
      expect(found).toEqual(['closed', 'bound'])
      expect(await answers(path)).toBe('connected')
    }
    expect(await first.ask({ do: 'close', path })).toBe('closed')
    expect(readdirSync(folder)).toEqual([])
  })

  it('is not taken from a process that has it', async () => {
    const path = join(folder, 'game.sock')
    const server = await bind(path)
    const found = await Promise.all(binders.map((binder) => binder.ask({ do: 'bind', path })))
    expect(found).toEqual(binders.map(() => 'address-in-use'))
    expect(await answers(path)).toBe('connected')
    await server.close()
    expect(readdirSync(folder)).toEqual([])
  })

  it('is replaced by all workers at once, in each of many rounds', async () => {
    const workers = binders.slice(1)
    for (let round = 0; round < 30; round++) {
      const path = join(folder, `${round}.sock`)
      // Of a primary of the same number in even rounds, of another one in odd ones.
      const name = (primary + (round % 2)).toString(36)
      const left = (await PrivateFolder.share(path, name)).at(name)
      await leaveStale(left)
      linkSync(left, path)
      const found = await Promise.all(workers.map((worker) => worker.ask({ do: 'bind', path })))
      expect(found).toEqual(['bound', 'bound', 'bound'])
      expect(await answers(path)).toBe('connected')
      await Promise.all(workers.map((worker) => worker.ask({ do: 'close', path })))
    }
    expect(readdirSync(folder)).toEqual([])
  })

  it('is not removed while it may be bound and not listen yet', async () => {
    const path = join(folder, 'game.sock')
    const young = (await PrivateFolder.share(path, primary.toString(36))).at(primary.toString(36))
    await leaveStale(young, 'young')
    const { mtimeMs } = lstatSync(young)
    expect(await binders[1].ask({ do: 'bind', path })).toBe('bound')
    expect(Date.now() - mtimeMs).toBeGreaterThanOrEqual(1000)
    expect(await answers(path)).toBe('connected')
    expect(await binders[1].ask({ do: 'close', path })).toBe('closed')
    expect(readdirSync(folder)).toEqual([])
  })

  it('is not bound twice by one worker', async () => {
    const path = join(folder, 'game.sock')
    const worker = binders[1]
    expect(await worker.ask({ do: 'bind', path })).toBe('bound')
    expect(await worker.ask({ do: 'bind', path })).toBe('address-in-use')
    expect(await answers(path)).toBe('connected')
    expect(await worker.ask({ do: 'close', path })).toBe('closed')
    expect(readdirSync(folder)).toEqual([])
  })

  it('is replaced when the primary was killed with all that it had', async () => {
    const path = join(folder, 'game.sock')
    const killed = await Binder.inCluster(2, scheduling)
    expect(await killed.binders[1].ask({ do: 'bind', path })).toBe('bound')
    expect(await killed.binders[2].ask({ do: 'bind', path })).toBe('bound')
    await killed.kill()
    await until(async () => (await answers(path)) === 'ECONNREFUSED')
    const found = await Promise.all(binders.slice(1).map((worker) => worker.ask({ do: 'bind', path })))
    expect(found).toEqual(['bound', 'bound', 'bound'])
    expect(await answers(path)).toBe('connected')
    await Promise.all(binders.slice(1).map((worker) => worker.ask({ do: 'close', path })))
    expect(readdirSync(folder)).toEqual([])
  })
})

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 5))
}
