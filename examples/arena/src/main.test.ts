import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const main = fileURLToPath(new URL('./main.ts', import.meta.url))

interface Outcome {
  readonly code: number | null
  readonly text: string
  readonly errorText: string
}

/** Runs the arena as a user would; `act` is called once with each line that it prints. */
function run(words: readonly string[], act: (line: string, child: ChildProcess) => void = () => {}) {
  const child = spawn(process.execPath, [main, ...words], { stdio: ['ignore', 'pipe', 'pipe'] })
  let [text, errorText] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const before = text.split('\n').length - 1
    text += chunk
    for (const line of text.split('\n').slice(before, -1)) act(line, child)
  })
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    errorText += chunk
  })
  return new Promise<Outcome>((resolve) => {
    child.on('close', (code) => resolve({ code, text, errorText }))
  })
}

/** The processes that a process started, from /proc: name of the script and id. */
function children(parent: number): Map<string, number> {
  const found = new Map<string, number>()
  for (const id of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const status = readFileSync(`/proc/${id}/stat`, 'utf8')
      if (Number(status.slice(status.lastIndexOf(')')).split(' ')[2]) !== parent) continue
      const script = /(\w+)\.ts/.exec(readFileSync(`/proc/${id}/cmdline`, 'utf8'))?.[1]
      if (script !== undefined) found.set(script, Number(id))
    } catch {
      // It ended while we looked.
    }
  }
  return found
}

function isAlive(id: number): boolean {
  try {
    return process.kill(id, 0)
  } catch {
    return false
  }
}

describe('the arena', () => {
  it('plays, and ends with a summary', async () => {
    const { code, text, errorText } = await run(['--seconds', '2', '--bots', '20'])
    expect(errorText).toBe('')
    expect(code).toBe(0)
    expect(text).toMatch(/ 1 s {2}20 players/)
    expect(text).toMatch(/Arena: 20 bots/)
    expect(text).toMatch(/players +20 /)
    const [, messagesIn, messagesOut] = /messages +([\d,]+)\/s in +([\d,]+)\/s out/.exec(text) ?? []
    expect(Number(messagesIn.replace(',', ''))).toBeGreaterThan(0)
    expect(Number(messagesOut.replace(',', ''))).toBeGreaterThan(0)
    expect(text).toMatch(/round trip +[\d.]+ ms p50/)
    expect(text).not.toContain('errors')
  })

  it.each([[[]], [['--net', 'bad-wifi', '--seed', '7']]])('plays over udp %j', async (words) => {
    const play = ['--seconds', '4', '--bots', '10', '--transport', 'udp', ...words]
    const { code, text, errorText } = await run(play)
    expect({ code, errorText }).toEqual({ code: 0, errorText: '' })
    expect(text).toContain(`udp and bits${words.length > 0 ? ' through bad-wifi' : ''},`)
    expect(text).toMatch(/players +10 /)
    expect(text).toMatch(/round trip +[\d.]+ ms p50/)
    expect(text).toMatch(/path +[\d.]+ ms +budget [\d.]+ k?B +packets [\d,]+ B/)
    const [, lost, resent] = /loss +([\d.]+) % +([\d,]+) resent/.exec(text) ?? []
    // How much is lost in so short a time is chance: that it is told is not.
    expect([Number(lost), Number(resent?.replaceAll(',', ''))].every((count) => count >= 0)).toBe(true)
    expect(text).not.toContain('errors')
  })

  it('ends cleanly by SIGINT, with the summary so far', async () => {
    const { code, text, errorText } = await run(['--seconds', '60', '--bots', '10'], (line, child) => {
      if (line.includes(' 1 s ')) child.kill('SIGINT')
    })
    expect(errorText).toBe('')
    expect(code).toBe(0)
    expect(text).toMatch(/players +10 /)
  })

  it('ends cleanly by SIGINT at the very start', async () => {
    const { code, text, errorText } = await run(['--bots', '10'], (line, child) => {
      if (line.startsWith('arena: starting')) child.kill('SIGINT')
    })
    expect({ code, errorText }).toEqual({ code: 0, errorText: '' })
    expect(text).toContain('Stopped before the game had begun.')
  })

  it.runIf(process.platform === 'linux').each(['server', 'network', 'bots'])(
    'ends with a sentence when the %s dies',
    async (part) => {
      let parts = new Map<string, number>()
      const words = ['--seconds', '60', '--bots', '5', '--transport', 'udp', '--net', 'lan']
      const { code, errorText } = await run(words, (line, child) => {
        if (!line.includes(' 1 s ')) return
        parts = children(Number(child.pid))
        process.kill(Number(parts.get(part)), 'SIGKILL')
      })
      expect([...parts.keys()].sort()).toEqual(['bots', 'network', 'server'])
      expect(errorText).toBe(`arena: the ${part} ended unexpectedly, by SIGKILL\n`)
      expect(code).toBe(1)
      expect([...parts.values()].filter(isAlive)).toEqual([])
    },
  )

  it('says what is wrong with the options, and helps', async () => {
    const wrong = await run(['--players', '3'])
    expect(wrong).toEqual({
      code: 2,
      text: '',
      errorText:
        "arena: unknown option '--players'; there are --seconds N, --bots N, --transport NAME, --net NAME, --seed N, --help\n",
    })
    const right = await run(['--help'])
    expect(right.code).toBe(0)
    expect(right.text).toContain('--seconds N')
  })
})
