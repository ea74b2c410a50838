/** Plays attacks on a channel between two processes, one scene after the other, and says what became of each. */
import { TAG_SIZE } from '@millrace/cipher'
import { type EncryptionOptions, generateKey } from 'millrace'
import type { Child, Children } from './child.ts'
import { type Change, Meddler } from './meddler.ts'
import { freePlace, type Settings, type TransportName } from './place.ts'
import type { End, Give, Report, VictimTasks } from './victims.ts'

/** One attack: what is done on the way to the third message, or what one side was made to use. */
interface Scene {
  readonly title: string
  readonly settings: { readonly sender: Settings; readonly receiver: Settings }
  readonly change?: Change
  /** Listening is no change: both sides are none the wiser, and need not be. */
  readonly kind: 'reads' | 'changes'
}

export interface Outcome {
  readonly title: string
  readonly encrypted: 'yes' | 'no'
  readonly delivered: readonly Give[]
  readonly receiver: End
  readonly sender: End
  /** What of the messages could be read on the way. */
  readonly read: 'nothing' | 'every note'
  /** `harmless`: what was done had no effect. `FAILED`: it had, though the channel was encrypted. */
  readonly verdict: 'harmless' | 'detected' | 'not noticed' | 'FAILED'
}

/** What the sender says in each scene. The third message is the one that is attacked. */
const note = 'meet me at the old mill'
const said: readonly Give[] = [10, 20, 30, 40, 50].map((coins, index) => ({ turn: index + 1, note, coins }))
const attackedTurn = 3

const key = generateKey()

/** Only a peer that says nothing sensible keeps a side waiting so long. */
const handshakeTimeoutMs = 500

function settings(encryption?: EncryptionOptions): Settings {
  return { handshakeTimeoutMs, ...(encryption === undefined ? {} : { encryption }) }
}

const sealed = settings({ key })
const clear = settings()
const encrypted = { sender: sealed, receiver: sealed }
const plain = { sender: clear, receiver: clear }

/** The third byte of `coins`, which ends the message; in a record 16 bytes of tag come after it. */
const flipAt =
  (fromEnd: number): Change =>
  (bytes) => {
    bytes[bytes.length - fromEnd] ^= 1
    return bytes
  }
const inMessage = 2
const repeat: Change = (bytes) => Buffer.concat([bytes, bytes])

const scenes: readonly Scene[] = [
  { title: 'a listener on the way', settings: encrypted, kind: 'reads' },
  {
    title: 'a bit of the third message is flipped',
    settings: encrypted,
    change: flipAt(inMessage + TAG_SIZE),
    kind: 'changes',
  },
  {
    title: 'a byte of the third message is dropped',
    settings: encrypted,
    change: (bytes) => Buffer.concat([bytes.subarray(0, 10), bytes.subarray(11)]),
    kind: 'changes',
  },
  { title: 'the third message is sent twice', settings: encrypted, change: repeat, kind: 'changes' },
  {
    title: 'the connection is ended (FIN) in place of the third message',
    settings: encrypted,
    change: () => 'cut',
    kind: 'changes',
  },
  {
    title: 'the sender has another key',
    settings: { sender: settings({ key: generateKey() }), receiver: sealed },
    kind: 'changes',
  },
  {
    title: 'a downgrade: the sender uses another algorithm',
    settings: { sender: settings({ key, algorithm: 'aes-256-gcm' }), receiver: sealed },
    kind: 'changes',
  },
  {
    title: 'a downgrade: the sender speaks in clear',
    settings: { sender: clear, receiver: sealed },
    kind: 'changes',
  },
  { title: 'without encryption, a listener on the way', settings: plain, kind: 'reads' },
  {
    title: 'without encryption, the same bit is flipped',
    settings: plain,
    change: flipAt(inMessage),
    kind: 'changes',
  },
  {
    title: 'without encryption, the third message is sent twice',
    settings: plain,
    change: repeat,
    kind: 'changes',
  },
]

/** The titles of all scenes, in their order. */
export const titles: readonly string[] = scenes.map(({ title }) => title)

export async function attack(transport: TransportName, children: Children): Promise<Outcome[]> {
  const sender = children.start<VictimTasks>('./victims.ts')
  const receiver = children.start<VictimTasks>('./victims.ts')
  const outcomes: Outcome[] = []
  for (const scene of scenes) outcomes.push(await play(scene, transport, sender, receiver))
  return outcomes
}

async function play(
  scene: Scene,
  transport: TransportName,
  sender: Child<VictimTasks>,
  receiver: Child<VictimTasks>,
): Promise<Outcome> {
  const { settings } = scene
  const target = await receiver.ask('bind', { place: freePlace(transport), settings: settings.receiver })
  const meddler = await Meddler.start(target)
  try {
    const refused = await sender.ask('open', { place: meddler.place, settings: settings.sender })
    if (refused === undefined) await converse(scene, meddler, sender)
    const end = refused ?? (await sender.ask('close', undefined))
    const report = await receiver.ask('report', undefined)
    return outcomeOf(scene, end, report, meddler)
  } finally {
    await meddler.stop()
  }
}

/** Sends message by message: each is a piece of its own on the way, since the next one is sent when it has passed. */
async function converse({ change }: Scene, meddler: Meddler, sender: Child<VictimTasks>): Promise<void> {
  for (const message of said) {
    const passed = meddler.next(message.turn === attackedTurn ? change : undefined)
    if ((await sender.ask('give', message)) === 'closed') return
    await passed
  }
}

function outcomeOf({ title, settings, kind }: Scene, sender: End, report: Report, meddler: Meddler): Outcome {
  const { delivered, end: receiver } = report
  const encrypted = settings.receiver.encryption === undefined ? 'no' : 'yes'
  const read = Buffer.concat(meddler.seen).includes(note) ? 'every note' : 'nothing'
  const seen = { encrypted, delivered, receiver, sender, read } as const
  return { title, ...seen, verdict: verdictOf(kind, seen) }
}

/** How a receiver says that something is wrong: what came was not sealed by the peer, or the end was not said by it. */
const alarms: readonly string[] = ['encryption-failed', 'link-ended']

/** What became of a scene, by what was seen of it. Whatever harmed an encrypted channel has `FAILED` to be noticed. */
export function verdictOf(kind: Scene['kind'], seen: Omit<Outcome, 'title' | 'verdict'>): Outcome['verdict'] {
  const { encrypted, delivered, receiver, read } = seen
  const isOrderly = receiver.code === 'closed'
  const isUnharmed = read === 'nothing' && isTrue(delivered)
  if (kind === 'reads' && isUnharmed && isOrderly && delivered.length === said.length) return 'harmless'
  if (kind === 'changes' && isUnharmed && alarms.includes(receiver.code)) return 'detected'
  return encrypted === 'yes' ? 'FAILED' : 'not noticed'
}

/** Whether this is what was said, from the first message on, each once: all of it, or as much as came. */
function isTrue(delivered: readonly Give[]): boolean {
  return delivered.every(({ turn, note, coins }, index) => {
    const message = said[index]
    return turn === message?.turn && note === message.note && coins === message.coins
  })
}

/** The scenes, for people. */
export function attackLines(outcomes: readonly Outcome[]): string[] {
  const lines = outcomes.flatMap((outcome, index) => [
    `${String(index + 1).padStart(2)}  ${outcome.title}`,
    ...rowsOf(outcome).map(([name, text]) => `      ${name.padEnd(11)}${text}`),
    '',
  ])
  const count = (verdict: Outcome['verdict']) =>
    outcomes.filter((outcome) => outcome.verdict === verdict).length
  const ofEncrypted = outcomes.filter(({ encrypted }) => encrypted === 'yes').length
  return [
    `Attacks on a channel between two processes: ${said.length} messages of coins, "${note}"`,
    '',
    ...lines,
    `Encrypted: ${ofEncrypted} attacks, ${count('detected')} detected, ${count('harmless')} harmless, ${count('FAILED')} FAILED.`,
    `In clear: ${outcomes.length - ofEncrypted} attacks, ${count('not noticed')} not noticed.`,
  ]
}

function rowsOf({ delivered, receiver, sender, read, verdict }: Outcome): [name: string, text: string][] {
  const coins = (messages: readonly Give[]) => messages.map((message) => message.coins).join(', ')
  const came = `${coins(delivered) || 'nothing'}   of ${coins(said)}`
  return [
    ['receiver', `${receiver.code}: ${receiver.text}`],
    ['sender', `${sender.code}: ${sender.text}`],
    ['read', read],
    ['delivered', isTrue(delivered) ? came : `${came}   (not what was sent)`],
    ['verdict', verdict],
  ]
}
