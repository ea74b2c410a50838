import { describe, expect, it } from 'vitest'
import { Canvas } from './canvas.ts'
import { Figures } from './figures.ts'
import { clip, type Paint, paintFor } from './ink.ts'
import type { ServerReport } from './report.ts'
import { oneLine, summarize } from './summary.ts'
import { drawFrame } from './view.ts'

const plain: Paint = (_ink, text) => text
const spread = { count: 30, averageMs: 1.5, p50Ms: 1, p99Ms: 3 }

function report(part: Partial<ServerReport>): ServerReport {
  return {
    kind: 'server',
    atMs: 0,
    players: 2,
    joins: 3,
    leaves: 1,
    catches: 4,
    pelletsEaten: 5,
    messagesIn: 0,
    messagesOut: 0,
    bytesIn: 0,
    bytesOut: 0,
    tickNow: spread,
    tickAll: spread,
    paths: undefined,
    ticksSkipped: 0,
    errors: 0,
    lastError: '',
    lastChat: 'bot-1: hello',
    dots: [
      { x: 1, y: 1, role: 'hunter' },
      { x: 80, y: 60, role: 'runner' },
      { x: 80, y: 8, role: 'out' },
    ],
    pellets: [{ x: 100, y: 70 }],
    ...part,
  }
}

const path = { roundTripMs: 43.5, budgetBytes: 14_200, packetSize: 1472 }

function figuresOverUdp(): Figures {
  const figures = new Figures()
  figures.heard(report({ paths: { ...path, packetsOut: 1000, packetsLost: 40 } }))
  figures.start()
  const counts = { messagesIn: 1000, messagesOut: 3000, bytesIn: 8000, bytesOut: 4e6 }
  figures.heard(report({ atMs: 500, ...counts, paths: { ...path, packetsOut: 3000, packetsLost: 1091 } }))
  return figures
}

function frame(columns: number, rows: number): string[] {
  const figures = figuresOverUdp()
  return drawFrame(figures, {
    columns,
    rows,
    seconds: 2,
    secondsMax: 15,
    bots: 2,
    way: 'udp and bits',
    paint: plain,
  })
}

describe('the view', () => {
  it('shows the picture and the figures', () => {
    const text = frame(80, 24).join('\n')
    expect(text).toContain('2.0 of 15 s')
    expect(text).toMatch(/players +2 +\(3 joined, 1 left\)/)
    expect(text).toMatch(/messages +2,000\/s in +6,000\/s out/)
    expect(text).toMatch(/bytes +16\.0 kB\/s in +8\.00 MB\/s out/)
    expect(text).toMatch(/tick +1\.50 ms avg +3\.00 ms p99/)
    expect(text).toContain('2 bots over udp and bits')
    expect(text).toMatch(/path +43\.5 ms +loss +52\.5 % +1,091 resent/)
    expect(text).toMatch(/budget +14\.2 kB +packets +1,472 B/)
    expect(text).toContain('“bot-1: hello”')
    expect(text).toMatch(/│@ /)
    expect(text).toContain('⣿')
    expect(text).toContain('·')
  })

  it.each([
    [160, 50],
    [80, 24],
    [71, 24],
    [40, 24],
    [40, 12],
    [10, 3],
    [40, 13],
    [1, 1],
  ])('fits %i columns and %i rows, as far as it is cut', (columns, rows) => {
    const lines = frame(columns, rows)
    for (const line of lines) expect(clip(line, columns).length).toBeLessThanOrEqual(columns)
    if (rows > 11) expect(lines.length).toBeLessThanOrEqual(rows)
    if (columns >= 40) expect(lines.slice(1).filter((line) => line.length > columns)).toEqual([])
  })

  it('says the same in lines', () => {
    const words = ['path 43.5 ms', 'loss 52.5 %  1,091 resent', 'budget 14.2 kB', 'packets 1,472 B']
    expect(oneLine(figuresOverUdp(), 2)).toContain(words.join('  '))
    const options = { seconds: 15, bots: 2, transport: 'udp', net: 'lte', seed: 7, help: false } as const
    const text = summarize(figuresOverUdp(), options).join('\n')
    expect(text).toContain('udp and bits through lte')
    expect(text).toMatch(/path +43\.5 ms +budget 14\.2 kB +packets 1,472 B/)
    expect(text).toMatch(/loss +52\.5 % +1,091 resent/)
  })

  it('says nothing of paths that are not measured', () => {
    const figures = new Figures()
    figures.heard(report({}))
    expect(oneLine(figures, 2)).not.toContain('path')
  })

  it('says so while nothing is known', () => {
    const nothing = { columns: 80, rows: 24, seconds: 0, secondsMax: 15, bots: 2, way: '', paint: plain }
    expect(drawFrame(new Figures(), nothing).join('\n')).toContain('starting')
  })
})

describe('ink', () => {
  it('costs no columns, and is left out for NO_COLOR', () => {
    const paint = paintFor({})
    const line = `a${paint('hunter', 'bc')}d`
    expect(line).not.toBe('abcd')
    expect(clip(line, 2)).toBe('a\x1b[1;91mb\x1b[0m')
    expect(clip(line, 99)).toBe(line)
    expect(paintFor({ NO_COLOR: '1' })('hunter', 'bc')).toBe('bc')
    expect(paintFor({ NO_COLOR: '' })('hunter', 'bc')).toBe(paint('hunter', 'bc'))
  })
})

describe('the canvas', () => {
  it('puts dots where they belong', () => {
    const canvas = new Canvas(2, 1)
    canvas.dot(0, 0, 'runner')
    canvas.dot(0.26, 0.99, 'runner')
    canvas.dot(1, 1, 'wall')
    expect(canvas.lines(plain)).toEqual(['⢁⢀'])
  })

  it('paints a character by what matters most in it', () => {
    const canvas = new Canvas(3, 1)
    canvas.fill(0, 0, 1, 1, 'wall')
    canvas.mark(0.5, 0.5, '@', 'hunter')
    expect(canvas.lines((ink, text) => `<${ink} ${text}>`)).toEqual(['<wall ⣿><hunter @><wall ⣿>'])
  })
})
