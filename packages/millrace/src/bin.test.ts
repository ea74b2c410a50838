import { spawn } from 'node:child_process'
import { connect, createServer, type Server } from 'node:net'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const built = fileURLToPath(new URL('../dist/bin.js', import.meta.url))

/** The command with these words: what it prints, and how it ends. */
function millrace(...words: string[]) {
  const child = spawn(process.execPath, [built, ...words])
  const text = { out: '', err: '' }
  child.stdout.on('data', (chunk) => {
    text.out += chunk
  })
  child.stderr.on('data', (chunk) => {
    text.err += chunk
  })
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) =>
    child.on('close', (code, signal) => resolve(code ?? signal)),
  )
  const says = (wanted: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const look = () => {
        const found = wanted.exec(text.out)
        if (found !== null) resolve(found)
      }
      child.stdout.on('data', look)
      child.on('close', () => reject(new Error(`it ended before it said ${wanted}: ${text.out}${text.err}`)))
      look()
    })
  return { child, text, ended, says }
}

it('says what commands there are', async () => {
  const help = millrace('--help')
  expect(await help.ended).toBe(0)
  expect(help.text.out).toMatch(/^millrace netem {2,}a proxy/)
  const bare = millrace()
  expect(await bare.ended).toBe(2)
  expect(bare.text.err).toMatch(/^millrace netem/)
  const wrong = millrace('natem')
  expect(await wrong.ended).toBe(2)
  expect(wrong.text.err).toMatch(/^millrace has no command natem/)
  const words = millrace('netem', '--loss', '2')
  expect(await words.ended).toBe(2)
  expect(words.text.err).toMatch(/--listen and --to are wanted/)
})

it('is a proxy until SIGINT', async () => {
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const to = `tcp://127.0.0.1:${port}`
  const words = ['--listen', 'tcp://127.0.0.1:0', '--to', to, '--net', 'wifi', '--seed', '7']
  const { child, text, ended, says } = millrace('netem', ...words)
  const [, own] = await says(/^listening at tcp:\/\/127\.0\.0\.1:(\d+), to tcp:\S+, seed 7$/m)
  const socket = connect(Number(own), '127.0.0.1')
  socket.write('hello')
  const echoed = await new Promise<Buffer>((resolve) => socket.once('data', resolve))
  expect(echoed.toString()).toBe('hello')
  socket.on('error', () => {})
  const closed = new Promise((resolve) => socket.on('close', resolve))
  child.kill('SIGINT')
  expect(await ended).toBe(process.platform === 'win32' ? 'SIGINT' : 0)
  if (process.platform !== 'win32') expect(text.out).toMatch(/^1 clients in all; to the server \d+ packets/m)
  expect(text.err).toBe('')
  await closed
  server.close()
})
