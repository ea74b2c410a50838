import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { RawClient } from './testing/raw-client.ts'

const children: ChildProcess[] = []

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

function start(...args: string[]) {
  const child = spawn(process.execPath, [fileURLToPath(new URL('./main.ts', import.meta.url)), ...args])
  children.push(child)
  const printed = { text: '' }
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (printed.text += chunk))
  return { child, printed, ended: once(child, 'exit') }
}

describe('main', () => {
  it('shows both protocols and ends', async () => {
    const { printed, ended } = start('--once')
    expect(await ended).toEqual([0, null])
    expect(printed.text).toContain('INCR visits          42')
    expect(printed.text).toContain('{ "name": "Ada" }')
    expect(printed.text).toContain("Ada hears Bob say 'good evening'")
    expect(printed.text).toContain('The server has ended.')
  })

  it('serves until Ctrl-C, then ends in order although clients are there', async () => {
    const { child, printed, ended } = start()
    await expect.poll(() => printed.text, { timeout: 10_000 }).toContain('Ctrl-C ends the server.')
    const port = Number(/127\.0\.0\.1:(\d+)/.exec(printed.text)?.[1])
    const client = await RawClient.open({ host: '127.0.0.1', port })
    client.write('GET visits\r\n')
    expect(await client.until('42\r\n')).toBe('$2\r\n42\r\n')
    child.kill('SIGINT')
    await client.ended
    client.destroy()
    expect(await ended).toEqual([0, null])
    expect(printed.text).toContain('The server has ended.')
  })

  it('says which port is wrong', async () => {
    const { printed, ended } = start('--port', '70000')
    expect((await ended)[0]).toBe(1)
    expect(printed.text).toContain('70000')
  })
})
