/**
 * The ciphers alone, in this process and without a socket: how long each back end takes for records and handshakes, and whether the two make the same bytes.
 */
import { randomBytes } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import {
  type Primitives,
  RECORD_OVERHEAD,
  RECORD_SIZE_MAX,
  RecordOpener,
  RecordSealer,
  startHandshake,
} from '@millrace/cipher'
import { type Algorithm, algorithms, backEnds, median } from './comparison.ts'
import { type BackEnd, primitives } from './place.ts'

export interface CipherFigures {
  readonly algorithm: Algorithm
  readonly backEnd: BackEnd
  /** Of one record, in µs and as MB of plaintext a second. */
  readonly sealMicroseconds: number
  readonly openMicroseconds: number
  readonly sealMegabytesPerSecond: number
  readonly openMegabytesPerSecond: number
  /** With the work of both sides. */
  readonly handshakesPerSecond: number
}

type Measurement = Pick<CipherFigures, 'sealMicroseconds' | 'openMicroseconds' | 'handshakesPerSecond'>

interface Row {
  readonly algorithm: Algorithm
  readonly backEnd: BackEnd
  readonly measured: Measurement[]
}

const suites = {
  'chacha20-poly1305': 'Noise_XX_25519_ChaChaPoly_SHA256',
  'aes-256-gcm': 'Noise_XX_25519_AESGCM_SHA256',
} as const

/** The largest plaintext of a record: 963 messages of 64 bytes with their frames of 4. */
export const recordSize = RECORD_SIZE_MAX - RECORD_OVERHEAD
/** So many records are sealed one after the other, and then opened. */
const batchCount = 8

const random = (size: number): Uint8Array => randomBytes(size)

/** Alternately in rounds, like the processes. */
export async function compareCiphers(seconds: number, rounds: number): Promise<CipherFigures[]> {
  const rows = algorithms.flatMap((algorithm) =>
    backEnds.map((backEnd): Row => ({ algorithm, backEnd, measured: [] })),
  )
  for (let round = 0; round <= rounds; round++) {
    for (const { algorithm, backEnd, measured } of rows) {
      // Between two rows, Ctrl-C is heard.
      await nextTurn()
      const measurement = {
        ...measureRecords(algorithm, primitives[backEnd], seconds),
        handshakesPerSecond: measureHandshakes(algorithm, primitives[backEnd], seconds),
      }
      if (round > 0) measured.push(measurement)
    }
  }
  return rows.map(({ algorithm, backEnd, measured }) => {
    const middle = (name: keyof Measurement) => median(measured.map((one) => one[name]))
    const [sealMicroseconds, openMicroseconds] = [middle('sealMicroseconds'), middle('openMicroseconds')]
    return {
      algorithm,
      backEnd,
      sealMicroseconds,
      openMicroseconds,
      // Bytes a microsecond are MB a second.
      sealMegabytesPerSecond: recordSize / sealMicroseconds,
      openMegabytesPerSecond: recordSize / openMicroseconds,
      handshakesPerSecond: middle('handshakesPerSecond'),
    }
  })
}

function measureRecords(algorithm: Algorithm, by: Primitives, seconds: number) {
  const { opening, accepting } = handshake(algorithm, by, by, random)
  const sealer = new RecordSealer(opening.send)
  const opener = new RecordOpener(accepting.receive)
  const plaintext = randomBytes(recordSize)
  const wire = new Uint8Array(sealer.room(recordSize) * batchCount)
  let [sealed, opened, count] = [0, 0, 0]
  const endAt = performance.now() + seconds * 1000
  do {
    const startedAt = performance.now()
    let size = 0
    for (let i = 0; i < batchCount; i++) size = sealer.seal(plaintext, 0, recordSize, wire, size, startedAt)
    const sealedAt = performance.now()
    let plain = 0
    opener.receive(wire.subarray(0, size), 'lent')
    for (let part = opener.next(); part !== undefined; part = opener.next()) plain += part.length
    if (plain !== batchCount * recordSize) throw new Error(`a record was refused: ${opener.failure}`)
    sealed += sealedAt - startedAt
    opened += performance.now() - sealedAt
    count += batchCount
  } while (performance.now() < endAt)
  return { sealMicroseconds: (sealed * 1000) / count, openMicroseconds: (opened * 1000) / count }
}

function measureHandshakes(algorithm: Algorithm, by: Primitives, seconds: number): number {
  const startedAt = performance.now()
  const identities = { opening: by.dh.pair(random(32)), accepting: by.dh.pair(random(32)) }
  let count = 0
  do {
    handshake(algorithm, by, by, random, identities)
    count++
  } while (performance.now() - startedAt < seconds * 1000)
  return count / ((performance.now() - startedAt) / 1000)
}

/** Both sides of XX, message by message, as they would pass through a socket. */
function handshake(
  algorithm: Algorithm,
  opens: Primitives,
  accepts: Primitives,
  source: (size: number) => Uint8Array,
  identities = { opening: opens.dh.pair(source(32)), accepting: accepts.dh.pair(source(32)) },
) {
  const suite = suites[algorithm]
  const one = startHandshake({
    suite,
    role: 'initiator',
    primitives: opens,
    random: source,
    staticKeys: identities.opening,
  })
  const other = startHandshake({
    suite,
    role: 'responder',
    primitives: accepts,
    random: source,
    staticKeys: identities.accepting,
  })
  const messages = [one.write()]
  other.read(messages[0])
  messages.push(other.write())
  one.read(messages[1])
  messages.push(one.write())
  other.read(messages[2])
  return { messages, opening: one.split(), accepting: other.split() }
}

/** Whether all pairings of the back ends make the same handshake and the same record, byte by byte, when they draw the same keys. */
export function sameBytes(): 'yes' | 'no' {
  const plaintext = randomBytes(recordSize)
  const drawn = Array.from({ length: 4 }, () => randomBytes(32))
  const outputs = (algorithm: Algorithm) =>
    Object.values(primitives).flatMap((opens) =>
      Object.values(primitives).map((accepts) => {
        let count = 0
        // The handshake overwrites what it drew: it gets copies.
        const { messages, opening } = handshake(
          algorithm,
          opens,
          accepts,
          () => new Uint8Array(drawn[count++]),
        )
        const wire = new Uint8Array(recordSize + RECORD_OVERHEAD)
        new RecordSealer(opening.send).seal(plaintext, 0, recordSize, wire, 0, 0)
        return Buffer.concat([...messages, opening.handshakeHash, wire])
      }),
    )
  const isSame = algorithms
    .map(outputs)
    .every(([first, ...others]) => others.every((one) => one.equals(first)))
  return isSame ? 'yes' : 'no'
}
