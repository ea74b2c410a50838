import { Random } from '@millrace/sim'
import { honestBounds } from './honest-bounds.ts'
import {
  type HonestAsk,
  type HonestChannelPlan,
  type HonestFeature,
  type HonestMarks,
  type HonestPlan,
  type HonestProgram,
  type HonestSay,
  honestFeatures,
  unmended,
} from './honest-plan.ts'
import { calmNetwork, type NetworkProfile } from './network-profile.ts'

/** Volumes of a side's messages, and of the replies that it gets, in bytes. */
const volumes = [0, 2000, 30_000, 300_000]

/** What a reply takes beside its text. */
const replyRoom = 120

/** A stored volume below which a link is never paused. */
const pausedNever = 60_000

/** Draws a run. `without` are the features to leave out. */
export function drawHonest(seed: number, without: readonly HonestFeature[] = unmended): HonestPlan {
  const random = new Random(Math.imul(seed, 0x9e3779b1) ^ 0x40e57)
  const drawn = new Set(
    honestFeatures.filter((feature) => random.chance(feature === 'own stall' ? 0.2 : 0.7)),
  )
  const features = new Set([...drawn].filter((feature) => !without.includes(feature)))
  const where = random.chance(0.85) ? 'remote' : 'local'
  const encryption = random.pick(['none', 'pipe', 'late', 'late', 'both'] as const)
  const isLate = encryption === 'late' || encryption === 'both'
  const mayFill = !isLate || features.has('seals with a full queue')
  const drives = { accepting: drawDrive(random), opening: drawDrive(random) }
  const mayWeigh = mayFill && !isLate && features.has('both ways full')
  const weight = mayWeigh && random.chance(0.4) ? 'heavy' : 'any'
  const highWaters = [300, 5000, 40_000, 400_000]
  const draft: HonestDraft = {
    features,
    encryption,
    drives,
    weight,
    messageMax: random.pick(
      weight === 'heavy' ? [3000, 30_000] : mayFill ? [200, 3000, 30_000] : [200, 3000],
    ),
    askers: weight === 'heavy' ? [100] : [1, 3, 30, 100],
    sayVolumes: weight === 'heavy' ? [600_000] : isLate ? [2000, 300_000, 400_000] : volumes,
    askVolumes: weight === 'heavy' ? [1_000_000] : mayFill ? volumes : [0, 2000, 30_000],
    highWaters:
      weight === 'heavy'
        ? [150_000, 300_000]
        : !mayFill
          ? [400_000]
          : isLate || features.has('both ways full')
            ? [random.pick(highWaters)]
            : highWaters,
    asking: where === 'local' ? 'asks locally while it reads' : 'asks while it reads',
    pauseMs: random.pick([0, 100, 2000, 20_000]),
    heartbeatMs: random.chance(0.6) ? random.pick([20, 300, 2000]) : undefined,
  }
  const channels = Array.from({ length: weight === 'heavy' ? 1 : random.integer(1, 3) }, () =>
    drawChannel(random, draft),
  )
  const marks = { accepting: drawMarks(random, draft), opening: drawMarks(random, draft) }
  const stallMs = features.has('own stall') ? random.pick([100, 2000, 60_000]) : undefined
  const plan = {
    seed,
    features,
    where,
    network: honestNetwork(random),
    encryption,
    channels,
    drives,
    marks,
    stallMs,
  } as const
  return { ...plan, bounds: honestBounds(plan) }
}

interface HonestDraft {
  readonly features: ReadonlySet<HonestFeature>
  readonly encryption: HonestPlan['encryption']
  readonly drives: HonestPlan['drives']
  /** `heavy`: so much both ways at once that every queue and window is full. */
  readonly weight: 'heavy' | 'any'
  readonly asking: HonestFeature
  readonly messageMax: number
  readonly askers: readonly number[]
  readonly sayVolumes: readonly number[]
  readonly askVolumes: readonly number[]
  readonly highWaters: readonly number[]
  readonly pauseMs: number
  readonly heartbeatMs: number | undefined
}

/** A network that delivers everything within a bound. */
function honestNetwork(random: Random): NetworkProfile {
  const delayMax = random.pick([0, 1, 5, 20])
  const windowBytes = random.pick([1500, 16_384, 65_536])
  return {
    ...calmNetwork,
    delayMs: [random.integer(0, delayMax), delayMax],
    pieces: random.pick(['whole', 'random', 'random', 'bytes']),
    pieceBytesMin: random.pick([windowBytes >> 4, windowBytes]),
    windowBytes,
    ownership: random.pick(['given', 'lent', 'mixed']),
    destruction: 'random',
  }
}

function drawDrive(random: Random): 'auto' | 'manual' {
  return random.pick(['auto', 'auto', 'auto', 'manual'])
}

function drawMarks(random: Random, { messageMax, highWaters }: HonestDraft): HonestMarks {
  const highWaterBytes = random.pick(highWaters)
  return {
    highWaterBytes,
    lowWaterBytes: Math.ceil(highWaterBytes / random.pick([2, 4, 10])),
    receiveHighWaterBytes: random.pick([500, 20_000, 200_000]),
    messageSizeMax: 4096 + messageMax + random.pick([0, 10_000]),
    iteratorQueueMax: random.pick([1, 3, 20]),
    localQueueMax: random.pick([3, 100]),
    // So many that no one may have more: those who ask, and the reader.
    maxRequests: 101,
  }
}

function drawChannel(random: Random, draft: HonestDraft): HonestChannelPlan {
  const { features, encryption } = draft
  const says = [drawSays(random, draft), drawSays(random, draft)] as const
  const asks = [drawAsks(random, draft), drawAsks(random, draft)]
  const isLate = encryption === 'late' || encryption === 'both'
  const inside = features.has(draft.asking) && random.chance(0.5) ? random.integer(0, 1) : -1
  if (!features.has('both ways full') || inside >= 0) asks[inside >= 0 ? inside : random.integer(0, 1)] = []
  const isSlow = !isLate || features.has('seals beside a slow reader')
  const echoing = random.pick([-1, 0, 1])
  // Answers must find room where they may have to wait: until both sides have called `setEncryption`, or both take the other's answers.
  const isBound = isLate || asks.every(({ length }) => length > 0)
  const room = Math.min(...draft.highWaters) - 1
  const answersMax = isBound ? Math.floor(room / (draft.messageMax + replyRoom)) : 100
  if (answersMax === 0) asks[0] = asks[1] = []
  const program = (me: 0 | 1): HonestProgram => {
    const theirs = says[1 - me]
    const drawn = random.pick(['handler', 'async handler', 'iterator', 'iterator', 'iterator'] as const)
    const isDriven = draft.drives[me === 0 ? 'opening' : 'accepting'] === 'manual'
    const reader = me === inside ? 'iterator' : isDriven && !isSlow ? 'handler' : drawn
    const pauseMs = isSlow && reader === 'iterator' ? draft.pauseMs : 0
    const takesMs = drawTakes(random, theirs.length, pauseMs)
    const volume = theirs.reduce((sum, { size }) => sum + size + 60, 0)
    // What a reader waits for must not stand behind more than the channel stores for it.
    const mayAsk = me === inside && volume < pausedNever && theirs.length > 0
    const asksAt = mayAsk ? [0, 1].map(() => random.integer(0, theirs.length - 1)) : []
    return {
      says: says[me],
      echoes: me === echoing,
      asks: asks[me],
      askers: Math.min(random.pick(draft.askers), Math.max(answersMax, 1)),
      reader,
      takesMs,
      asksAt: new Set(asksAt),
      sealsAfterMs: isLate ? random.integer(0, random.pick([0, 50, 1500])) : undefined,
      heartbeatMs: undefined,
    }
  }
  const [opened, accepted] = [program(0), program(1)]
  const isSlowOf = ({ reader, takesMs }: HonestProgram, end: 'opening' | 'accepting'): boolean =>
    reader === 'iterator' && (draft.drives[end] === 'manual' || takesMs.some((ms) => ms > 0))
  const slow = { opened: isSlowOf(opened, 'opening'), accepted: isSlowOf(accepted, 'accepting') }
  const closer = random.pick(['opened', 'accepted'] as const)
  const beatOf = (side: 'opened' | 'accepted'): number | undefined => {
    const maySlow = features.has('heartbeat beside a slow reader') || !(slow.opened || slow.accepted)
    const mayWait = features.has('heartbeat behind a goodbye') || side === closer || !slow[side]
    const maySeal = features.has('heartbeat while it encrypts') || !isLate
    return maySlow && mayWait && maySeal ? draft.heartbeatMs : undefined
  }
  const endsMs = random.integer(0, 3000)
  return {
    opened: { ...opened, heartbeatMs: beatOf('opened') },
    accepted: { ...accepted, heartbeatMs: beatOf('accepted') },
    closer,
    ending: inside >= 0 || random.chance(0.6) ? 'after all' : endsMs,
  }
}

function drawSays(random: Random, { messageMax, sayVolumes }: HonestDraft): HonestSay[] {
  const volume = random.pick(sayVolumes)
  const says: HonestSay[] = []
  const isHurried = random.chance(0.7)
  const largeShare = random.pick([0.02, 0.3, 1])
  for (let size = 0; size < volume && says.length < 600; ) {
    const next = random.chance(largeShare) ? random.integer(0, messageMax) : random.integer(0, 100)
    says.push({ size: next, afterMs: isHurried ? 0 : random.pick([0, 0, 0, 5, 100]) })
    size += next + 60
  }
  return says
}

function drawAsks(random: Random, { messageMax, weight, askVolumes }: HonestDraft): HonestAsk[] {
  const volume = random.pick(askVolumes)
  const asks: HonestAsk[] = []
  const isLarge = weight === 'heavy' || random.chance(0.7)
  for (let size = 0; size < volume && asks.length < 300; ) {
    const replySize = isLarge ? random.integer(messageMax >> 1, messageMax) : random.integer(0, 50)
    asks.push({ replySize, replyAfterMs: random.pick([0, 0, 0, 3, 80]) })
    size += replySize + 60
  }
  return asks
}

/** How long a reader takes for each message: nothing for most of them, a while for some, and long at a few. */
function drawTakes(random: Random, count: number, pauseMs: number): number[] {
  const share = random.pick([0, 0.1, 1])
  const takes = Array.from({ length: count }, () =>
    pauseMs > 0 && random.chance(share) ? random.integer(0, 20) : 0,
  )
  if (count > 0 && pauseMs > 0)
    for (let pauses = random.integer(0, 3); pauses > 0; pauses--)
      takes[random.integer(0, count - 1)] = random.integer(pauseMs >> 1, pauseMs)
  return takes
}
