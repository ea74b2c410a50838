import type { SendState } from '../src/noise/handshake-state.ts'
import { RecordOpener } from '../src/records/record-opener.ts'
import { differenceOf, directionOf, joined, mutated, nobleAead, type Random, stubAead } from './record-rig.ts'

const NO_BYTES = new Uint8Array(0)
const RECORD_SIZE_MAX = 1024
const ENDS = [
  'closed',
  'forged',
  'malformed',
  'oversize',
  'idle-rekey',
  'exhausted',
  'after-close',
  'truncated',
] as const

/** What a peer who has the keys wrote, well or badly, and what must come of it. */
interface Script {
  readonly bytes: Uint8Array
  /** The plaintexts, each with the position behind its record. */
  readonly texts: readonly { readonly text: Uint8Array; readonly end: number }[]
  readonly outcome: (typeof ENDS)[number]
  /** Where the close record ends; endless if there is none. */
  readonly closeEnd: number
}

/** One stream of a peer that has the keys and does what it likes, changed on its way by one that hasn't, in chunks of any cut. */
export function runStream(random: Random): string {
  const aead =
    random.below(16) === 0 ? nobleAead(random.pick(['chacha20-poly1305', 'aes-256-gcm'])) : stubAead()
  const { send, receive } = directionOf(1 + random.below(200), aead)
  const script = scriptOf(send, random)
  const bytes = random.below(3) === 0 ? script.bytes : mutated(script.bytes, random)
  let pinned = 0
  const pool = {
    take: (size: number) => {
      pinned += size
      return { bytes: new Uint8Array(size) }
    },
    give: (block: { readonly bytes: Uint8Array }) => {
      pinned -= block.bytes.length
    },
  }
  const opener = new RecordOpener(receive, { recordSizeMax: RECORD_SIZE_MAX, pool })
  const found = readAll(opener, bytes, random, () => {
    if (opener.stored > RECORD_SIZE_MAX || pinned > 2 * opener.stored + 512)
      throw new Error(`${pinned} bytes pinned for ${opener.stored}`)
  })
  const end = opener.end()
  check(script, bytes, found, end)
  opener.release()
  if (pinned !== 0) throw new Error(`${pinned} bytes not given back`)
  return end
}

function readAll(opener: RecordOpener, bytes: Uint8Array, random: Random, look: () => void): Uint8Array[] {
  const found: Uint8Array[] = []
  const cut = random.pick([1, 7, 60, 4000])
  for (let at = 0; at < bytes.length; ) {
    const size = 1 + random.below(cut)
    opener.receive(bytes.slice(at, at + size), random.pick(['given', 'lent'] as const))
    at += size
    for (let text = opener.next(); text !== undefined; text = opener.next()) found.push(text.slice())
    look()
  }
  return found
}

function check(script: Script, bytes: Uint8Array, found: readonly Uint8Array[], end: string): void {
  if (!ENDS.includes(end as 'closed')) throw new Error(`the end '${end}'`)
  const same = differenceOf(bytes, script.bytes)
  const wanted = script.texts.filter((each) => each.end <= same)
  if (found.length !== wanted.length) throw new Error(`${found.length} records, not ${wanted.length}`)
  found.forEach((text, index) => {
    if (Buffer.compare(text, wanted[index].text) !== 0) throw new Error(`another text in record ${index}`)
  })
  const isUntouched = same === bytes.length && same === script.bytes.length
  if (isUntouched && end !== script.outcome) throw new Error(`the end '${end}', not '${script.outcome}'`)
  if (end === 'closed' && (same < script.closeEnd || bytes.length !== script.closeEnd))
    throw new Error('an orderly end that was not written')
}

function scriptOf(send: SendState, random: Random): Script {
  const parts: Uint8Array[] = []
  const texts: { text: Uint8Array; end: number }[] = []
  let size = 0
  let sinceRekey = 0
  let outcome: Script['outcome'] = 'truncated'
  const add = (bytes: Uint8Array): void => {
    parts.push(bytes)
    size += bytes.length
  }
  for (let count = random.below(6); count > 0 && outcome === 'truncated'; count--) {
    const kind = random.below(12)
    if (kind < 7) {
      const text = random.bytes(1 + random.below(random.below(8) === 0 ? RECORD_SIZE_MAX - 18 : 40))
      add(record(send, NO_BYTES, text.length + 16, text))
      texts.push({ text, end: size })
      sinceRekey++
    } else if (kind < 9) {
      if (sinceRekey === 0) outcome = 'idle-rekey'
      add(record(send, Uint8Array.of(2, 0), 2, NO_BYTES))
      send.rekey()
      sinceRekey = 0
    } else if (kind === 9) {
      outcome = 'closed'
      add(record(send, Uint8Array.of(1, 0), 1, NO_BYTES))
    } else if (kind === 10) {
      // Well sealed, but no record: an empty one, or an unknown code.
      outcome = 'malformed'
      const code = random.pick([0, 3, 4, 15, 16])
      add(record(send, random.below(2) === 0 ? NO_BYTES : Uint8Array.of(code, 0), code, NO_BYTES))
    } else {
      outcome = 'oversize'
      add(record(send, NO_BYTES, RECORD_SIZE_MAX + random.below(60_000), new Uint8Array(RECORD_SIZE_MAX)))
    }
  }
  const closeEnd = outcome === 'closed' ? size : Number.POSITIVE_INFINITY
  if (outcome === 'closed' && random.below(4) === 0) {
    outcome = 'after-close'
    add(random.bytes(1 + random.below(30)))
  }
  return { bytes: joined(...parts), texts, outcome, closeEnd }
}

function record(send: SendState, ad: Uint8Array, field: number, text: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(2 + text.length + 16)
  bytes[0] = field
  bytes[1] = field >> 8
  send.seal(ad, text, bytes.subarray(2))
  return bytes
}
