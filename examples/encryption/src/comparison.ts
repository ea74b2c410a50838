/** The rows that are compared, each a pair of processes, and how they are measured: alternately, in rounds. */
import { type EncryptionOptions, generateKey, generateKeyPair } from 'millrace'
import type { Child, Children } from './child.ts'
import { type BackEnd, freePlace, type Place, type Settings, type TransportName } from './place.ts'
import type { Bound, ReceiverTasks, Side } from './receiver.ts'
import type { Measurement, Proof, SenderTasks } from './sender.ts'

export const algorithms = ['chacha20-poly1305', 'aes-256-gcm'] as const
export type Algorithm = (typeof algorithms)[number]
export const backEnds = ['node', 'noble'] as const

/** What is compared. The first row is the one that the others are shares of. */
export interface RowKind {
  readonly algorithm: Algorithm | 'plain'
  /** Who does the cryptography in each of the two processes. Where nothing is encrypted it makes no difference. */
  readonly sender: BackEnd
  readonly receiver: BackEnd
}

const kinds: readonly RowKind[] = [
  { algorithm: 'plain', sender: 'node', receiver: 'node' },
  ...algorithms.flatMap((algorithm) =>
    backEnds.flatMap((sender) => backEnds.map((receiver) => ({ algorithm, sender, receiver }))),
  ),
]

/** The medians of one row over all rounds. */
export interface RowFigures extends RowKind, Measurement {
  /** Of the messages a second of the first row: the median of the ratios in each round. */
  readonly share: number
  readonly megabytesPerSecond: number
  readonly suites: Bound<string | null>
}

export interface Effort {
  readonly transport: TransportName
  readonly size: number
  /** Of one row in one round. */
  readonly seconds: number
  readonly rounds: number
}

interface Row extends RowKind {
  readonly name: string
  readonly child: Child<SenderTasks>
  readonly proof: Proof
}

/** Every side has the same shared key, and each has an identity of its own. */
const key = generateKey()
const identities = { sender: plainPair(), receiver: plainPair() }

/**
 * Measures all rows one after the other in each round (A B C, A B C, …): a machine that becomes slower, or that others use as well, is then as slow for
 * all rows. The first round doesn't count: code is compiled in it.
 */
export async function compare(effort: Effort, children: Children, tell: (line: string) => void) {
  tell('starting the processes')
  const rows = await openRows(effort, children)
  const measured = new Map<Row, Measurement[]>(rows.map((row) => [row, []]))
  for (let round = 0; round <= effort.rounds; round++) {
    tell(round === 0 ? 'warming up' : `round ${round} of ${effort.rounds}`)
    const seconds = round === 0 ? effort.seconds / 2 : effort.seconds
    for (const row of rows) {
      const measurement = await row.child.ask('measure', { name: row.name, seconds })
      if (round > 0) measured.get(row)?.push(measurement)
    }
  }
  const reference = measured.get(rows[0]) ?? []
  return rows.map((row) => figuresOf(row, measured.get(row) ?? [], reference, effort.size))
}

/** One process for each kind of side: those of a mixed row are the ones of two other rows. */
async function openRows({ transport, size }: Effort, children: Children): Promise<Row[]> {
  const pure = kinds.filter(({ sender, receiver }) => sender === receiver)
  const opened = pure.map(async ({ algorithm, sender: backEnd }) => {
    const receiver = children.start<ReceiverTasks>('./receiver.ts')
    const child = children.start<SenderTasks>('./sender.ts')
    const wanted = { messages: freePlace(transport), handshakes: freePlace(transport) }
    const settings = settingsOf(algorithm, 'receiver')
    const places = await receiver.ask('bind', { backEnd, settings, places: wanted })
    return { algorithm, backEnd, child, places }
  })
  const processes = await Promise.all(opened)
  const rows: Row[] = []
  for (const kind of kinds) {
    const own = processes.filter(({ algorithm }) => algorithm === kind.algorithm)
    const sending = own.find(({ backEnd }) => backEnd === kind.sender)
    const receiving = own.find(({ backEnd }) => backEnd === kind.receiver)
    if (sending === undefined || receiving === undefined) throw new Error(`no process for ${kind.algorithm}`)
    rows.push(await openRow(kind, sending.child, receiving.places, size))
  }
  return rows
}

async function openRow(
  kind: RowKind,
  child: Child<SenderTasks>,
  places: Bound<Place>,
  size: number,
): Promise<Row> {
  const { algorithm, sender, receiver } = kind
  const name = `${algorithm}, ${sender} to ${receiver}`
  const side: Side = { backEnd: sender, settings: settingsOf(algorithm, 'sender') }
  const proof = await child.ask('open', { name, size, places, ...side })
  expectProof(kind, proof, name)
  return { ...kind, name, child, proof }
}

/** A row that says it is encrypted is, by what it says, and with the peer that it should have. */
function expectProof({ algorithm }: RowKind, { suites, peerKey }: Proof, name: string): void {
  const parts = { plain: undefined, 'chacha20-poly1305': 'ChaChaPoly', 'aes-256-gcm': 'AESGCM' }
  const suite = (pattern: string) =>
    algorithm === 'plain' ? undefined : `Noise_${pattern}_25519_${parts[algorithm]}_SHA256`
  const expected = algorithm === 'plain' ? undefined : identities.receiver.publicKey
  const isRight =
    suites.messages === suite('NNpsk0') &&
    suites.handshakes === suite('XX') &&
    Buffer.compare(peerKey ?? Buffer.of(), expected ?? Buffer.of()) === 0
  if (!isRight) throw new Error(`${name}: the channel isn't encrypted as it should be: ${suites.messages}`)
}

/** A pair as it passes to a worker: a clone of what `generateKeyPair` makes lacks the secret half. */
function plainPair() {
  const { publicKey, secretKey } = generateKeyPair()
  return { publicKey, secretKey }
}

/** Messages with a shared key, handshakes with identities on both sides. */
function settingsOf(algorithm: RowKind['algorithm'], role: keyof typeof identities): Bound<Settings> {
  if (algorithm === 'plain') return { messages: {}, handshakes: {} }
  const messages: EncryptionOptions = { key, algorithm }
  const identity = identities[role]
  const handshakes: EncryptionOptions = { pattern: 'XX', identity, anyPeer: true, algorithm }
  return { messages: { encryption: messages }, handshakes: { encryption: handshakes } }
}

function figuresOf(
  { algorithm, sender, receiver, proof }: Row,
  rounds: readonly Measurement[],
  reference: readonly Measurement[],
  size: number,
): RowFigures {
  const middle = (name: keyof Measurement) => median(rounds.map((round) => round[name]))
  const rates = rounds.map(({ messagesPerSecond }) => messagesPerSecond)
  return {
    algorithm,
    sender,
    receiver,
    messages: middle('messages'),
    messagesPerSecond: middle('messagesPerSecond'),
    share: median(rates.map((rate, index) => rate / reference[index].messagesPerSecond)),
    megabytesPerSecond: (middle('messagesPerSecond') * size) / 1e6,
    senderMicrosecondsPerMessage: middle('senderMicrosecondsPerMessage'),
    receiverMicrosecondsPerMessage: middle('receiverMicrosecondsPerMessage'),
    p50Ms: middle('p50Ms'),
    p99Ms: middle('p99Ms'),
    handshakes: middle('handshakes'),
    handshakesPerSecond: middle('handshakesPerSecond'),
    suites: { messages: proof.suites.messages ?? null, handshakes: proof.suites.handshakes ?? null },
  }
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const half = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2
}
