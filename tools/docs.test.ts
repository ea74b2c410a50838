import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { defaultLimits, type PipeLimits } from 'millrace'
import { describe, expect, it } from 'vitest'
import { publicPackages, root } from './workspace.ts'

const pages = pagesUnder('').sort()

function pagesUnder(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`
    if (entry.isFile()) return entry.name.endsWith('.md') ? [path] : []
    const isOurs = entry.isDirectory() && !/^(node_modules|dist|dist\.next|\.git)$/.test(entry.name)
    return isOurs ? pagesUnder(path) : []
  })
}

function textOf(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

describe('the pages of this repository', () => {
  it('are found', () => {
    expect(pages).toContain('docs/WIRE.md')
    expect(pages.length).toBeGreaterThan(10)
  })

  it.each(pages)('%s links to things that are there', (page) => {
    const broken = linksOf(textOf(page)).filter((link) => !leads(page, link))
    expect(broken).toEqual([])
  })

  it('would show a broken link', () => {
    const links = linksOf('[a](no-such-file.md) [b](LIMITS.md#no-such-heading) [c](https://example.org/x)')
    expect(links.map((link) => leads('docs/WIRE.md', link))).toEqual([false, false, true])
    expect(linksOf('```\n[x](y)\n```\nand `[x](y)`')).toEqual([])
  })
})

describe('docs/LIMITS.md', () => {
  const rows = [
    ...textOf('docs/LIMITS.md').matchAll(/^\| `(\w+)` \| (\d+|Infinity|undefined) \| (.+) \| (.+) \|$/gm),
  ]

  it('has every limit of a pipe with its default', () => {
    const limits = Object.entries(defaultLimits) as [keyof PipeLimits, PipeLimits[keyof PipeLimits]][]
    expect(rows.map(([, name, value]) => [name, value === 'undefined' ? undefined : Number(value)])).toEqual(
      limits,
    )
  })

  it('names a test for every limit of a pipe', () => {
    for (const [, name, , outcome, shown] of rows) {
      expect(outcome.length, name).toBeGreaterThan(10)
      expect(shown, name).toMatch(/^\[[\w-]+\]\(\S+\.test\.ts\) ".+"$/)
    }
  })
})

describe('a test that a page names', () => {
  const named = pages.flatMap((page) =>
    [...textOf(page).matchAll(/\]\((\S+\.test\.ts)\) "([^"]+)"/g)].map(([, file, name]) => ({
      page,
      file,
      name,
    })),
  )

  it.each(named)('$page: $name', ({ page, file, name }) => {
    expect(readFileSync(join(root, dirname(page), file), 'utf8')).toContain(name)
  })
})

describe('docs/ARCHITECTURE.md', () => {
  const page = textOf('docs/ARCHITECTURE.md')

  it('has the edges that the manifests declare', () => {
    const rows = [...page.matchAll(/^\| `([a-z-]+)` \|((?: `[@a-z/-]+`)*) \|$/gm)].map(
      ([, name, edges]) => [name, [...edges.matchAll(/`([@a-z/-]+)`/g)].map(([, to]) => to).sort()] as const,
    )
    const short = (name: string) => name.replace('@millrace/', '')
    const declared = publicPackages().map(
      ({ manifest: { name, dependencies = {} } }) =>
        [short(name), Object.keys(dependencies).map(short).sort()] as const,
    )
    expect(new Map(rows)).toEqual(new Map(declared))
  })

  it('names files that are there', () => {
    const names = [...page.matchAll(/(?<![\w/.-])([a-z-]+\/[a-z/-]+\.ts)(?![\w])/g)].map(([, name]) => name)
    const lost = names.filter((name) => {
      const [folder, ...rest] = name.split('/')
      return !existsSync(join(root, name)) && !existsSync(join(root, 'packages', folder, 'src', ...rest))
    })
    expect(names.length).toBeGreaterThan(20)
    expect(lost).toEqual([])
  })

  it('stays short', () => {
    expect(page.split('\n').length).toBeLessThan(260)
  })
})

describe('docs/GLOSSARY.md', () => {
  const rows = [...textOf('docs/GLOSSARY.md').matchAll(/^\| \*([^*]+)\* \| (.+) \| (.+) \|$/gm)]
  const words = rows.map(([, word]) => word)

  it('is in the order of the alphabet, each word once', () => {
    expect(words.length).toBeGreaterThan(50)
    expect(words).toEqual([...new Set(words)].sort())
  })

  it('names a file for each word', () => {
    for (const [, word, , file] of rows) expect(file, word).toMatch(/\]\(\.\.?\/\S+\)/)
  })
})

describe('docs/decisions', () => {
  const files = readdirSync(join(root, 'docs/decisions')).filter((name) => /^\d{4}-.+\.md$/.test(name))

  it('are numbered without a gap, and listed', () => {
    expect(files.map((name) => Number(name.slice(0, 4)))).toEqual(files.map((_, index) => index + 1))
    const index = textOf('docs/decisions/README.md')
    for (const name of files) expect(index).toContain(`(${name})`)
  })

  it.each(files)('%s says question, decision and what was rejected', (name) => {
    const headings = [...textOf(`docs/decisions/${name}`).matchAll(/^\*\*(\w+)\.\*\*/gm)].map(
      ([, word]) => word,
    )
    expect(headings).toEqual(['Question', 'Decision', 'Rejected'])
  })
})

/** The relative targets of a page's links, outside of code. */
function linksOf(text: string): string[] {
  const prose = text.replaceAll(/^```[\s\S]*?^```/gm, '').replaceAll(/`[^`\n]*`/g, 'code')
  const targets = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target)
  return [...targets, ...[...prose.matchAll(/<img[^>]* src="([^"]+)"/g)].map(([, target]) => target)]
}

function leads(page: string, link: string): boolean {
  if (/^[a-z]+:/.test(link)) return true
  const [file, heading] = link.split('#')
  const target = file === '' ? page : join(dirname(page), decodeURIComponent(file))
  if (!existsSync(join(root, target))) return false
  if (heading === undefined || !target.endsWith('.md')) return true
  return headingsOf(textOf(target)).includes(heading)
}

/** The names of a page's headings as links use them. */
function headingsOf(text: string): string[] {
  return [...text.replaceAll(/^```[\s\S]*?^```/gm, '').matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}
