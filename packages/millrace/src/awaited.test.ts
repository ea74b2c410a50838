import { spawnSync } from 'node:child_process'
import { expect, it } from 'vitest'

/** Runs a program of what `npm run build` made, which has two pipes of one process and no socket; returns how it ended and what it said. */
function run(program: string) {
  const text = `
    import { protoFactory } from 'millrace'
    const limits = { requestTimeoutMs: 50, handshakeTimeoutMs: 50, closeTimeoutMs: 50 }
    const pipe = (options) => protoFactory.create('local', 'hall', 'msgpack', { ...limits, ...options })
    const told = (what) => (value) => console.log(what, value?.code ?? value)
    const open = async (options) => {
      const server = await pipe(options).bind()
      const accepted = new Promise((resolve) => server.on('accepted', (_pipe, channel) => resolve(channel)))
      const opening = pipe().open()
      if (options?.drive === 'manual') setImmediate(() => server.process())
      return { server, opened: await opening, accepted: await accepted }
    }
    ${program}
    console.log('end')
  `
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', text], {
    cwd: import.meta.dirname,
    encoding: 'utf8',
    timeout: 60_000,
  })
  return { status, said: stdout.trim().split('\n'), stderr }
}

it.each([
  [
    'a request that is never answered',
    `const { opened, accepted } = await open()
     accepted.on('ask', () => new Promise(() => {}))
     await opened.request('ask', 1).catch(told('request'))`,
    'request request-timeout',
  ],
  [
    'setEncryption of one end alone',
    `const { opened } = await open()
     await opened.setEncryption(new Uint8Array(32).fill(1)).catch(told('encryption'))`,
    'encryption encryption-failed',
  ],
  [
    'an open that the other pipe takes no turn for',
    `const server = await pipe({ drive: 'manual' }).bind()
     await pipe().open().catch(told('open'))`,
    'open connect-failed',
  ],
  [
    'a close that the other pipe takes no turn for',
    `const { opened } = await open({ drive: 'manual' })
     told('close')(await opened.close())`,
    'close closed',
  ],
])('the process lives until %s has its deadline, and no longer', (_what, program, said) => {
  expect(run(program)).toMatchObject({ status: 0, said: [said, 'end'], stderr: '' })
})

it('a channel alone keeps no process alive', () => {
  expect(run('await open()')).toMatchObject({ status: 0, said: ['end'], stderr: '' })
  // Node's own code for a program that waits for something that never comes.
  expect(run('await (await open()).opened.closed').status).toBe(13)
})
