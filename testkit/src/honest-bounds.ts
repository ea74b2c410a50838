import {
  type HonestBounds,
  type HonestChannelPlan,
  type HonestPlan,
  type HonestProgram,
  stallsAtMs,
  tickMs,
} from './honest-plan.ts'

/** What a frame takes beside its text: header, id, key, and the JSON around it. */
const frameRoom = 120

/** The largest record, with its header and tag. */
const recordSize = 65_600

/** Frame headers and one read of the platform, as `ReceiveThrottle` has them; and what chunks cost beside their bytes. */
const slack = 65_536
const chunksMax = 20_000

/** How often a side that does not read says that it lives. */
const signOfLifeMs = 250

/** How much of a stall of its own a side counts as the peer's time, at most. */
const countedMs = 150

/** Hellos, steps of a handshake, pings. */
const smallSize = 1000

type Draft = Omit<HonestPlan, 'bounds'>

/** Computes the limits of a run. */
export function honestBounds(plan: Draft): HonestBounds {
  const bounds = plan.channels.map((channel) => channelBounds(plan, channel))
  const most = (name: keyof (typeof bounds)[number]): number => Math.max(...bounds.map((each) => each[name]))
  const isAsking = plan.channels.some(({ opened, accepted }) => opened.asks.length + accepted.asks.length > 0)
  const isPatient = isAsking && !plan.features.has('replies in pieces')
  const { stallMs } = plan
  const ownMs = stallMs === undefined ? 0 : stallsAtMs.length * Math.min(stallMs, countedMs)
  return {
    handshakeTimeoutMs: most('handshake') + ownMs,
    closeTimeoutMs: most('close') + ownMs,
    frameTimeoutMs: most(isPatient ? 'total' : 'frame') + ownMs,
    stallTimeoutMs: most('stall') + ownMs,
    requestTimeoutMs: most('total') + ownMs,
    graceMs: bounds.map(({ grace }) => grace + ownMs),
    totalMs: 2 * most('total') + 60_000 + stallsAtMs.length * (stallMs ?? 0),
  }
}

/** The bounds of one channel. */
function channelBounds(plan: Draft, { opened, accepted, ending }: HonestChannelPlan) {
  const sides = [opened, accepted] as const
  const hop = hopOf(plan)
  const frameMax = Math.max(...sides.map(frameMaxOf))
  const queue = Math.max(queueOf(plan, opened, accepted), queueOf(plan, accepted, opened))
  const way = hop(queue + plan.network.windowBytes)
  const askMs = Math.max(...sides.flatMap(({ asks }) => asks.map(({ replyAfterMs }) => replyAfterMs)), 80)
  const takes = [takesOf(plan, opened, accepted, 'opening'), takesOf(plan, accepted, opened, 'accepting')]
  const answers = [
    answeringOf(plan, opened, accepted, 'opening'),
    answeringOf(plan, accepted, opened, 'accepting'),
  ]
  // An iterator shows requests as well, and a pipe that is driven by hand brings no more than its queue holds, a tick.
  const shown = sides.reduce((sum, { asks, asksAt }) => sum + asks.length + asksAt.size, 0)
  const shownMs = Object.values(plan.drives).includes('manual') ? shown * (tickMs + 1) : 0
  const readingMs = sumOf(takes.flat()) + sumOf(answers) + shownMs
  const insideMs = sides.reduce((sum, side) => sum + side.asksAt.size, 0) * (4 * way + readingMs + askMs)
  const sealMs = Math.max(...sides.map(({ sealsAfterMs }) => sealsAfterMs ?? 0))
  const volume = sides.reduce((sum, side) => sum + volumeOf(side), 0)
  const hurries = sides.reduce((sum, { says }) => sum + sumOf(says.map(({ afterMs }) => afterMs)), 0)
  const isSealed = plan.encryption !== 'none'
  const seals = opened.sealsAfterMs !== undefined
  const upgrade = seals ? sealMs + 4 * way + readingMs : 0
  const heldBytes = pausedOf(plan) + 2 * queue + plan.network.windowBytes + frameMax
  const behinds = takes.map((ms, me) => longestOf(ms, sides[1 - me], heldBytes) + answers[me])
  // A side takes no requests while its replies wait, so it waits for the reader of its peer as well.
  const behind = shown > 0 ? sumOf(behinds) : Math.max(...behinds)
  const frame = hop(frameMax + (isSealed ? 2 * recordSize : 0))
  const total =
    10 * hop(smallSize) +
    upgrade +
    hop(2 * volume) +
    sides.reduce((sum, { asks }) => sum + asks.length, 0) * (askMs + 4 * hop(frameMax)) +
    readingMs +
    insideMs +
    hurries +
    (ending === 'after all' ? 0 : ending)
  return {
    handshake: 10 * hop(smallSize) + upgrade,
    close: readingMs + 2 * way + hop(heldBytes) + upgrade,
    frame,
    stall: behind + shownMs + insideMs + hop(heldBytes) + way + upgrade,
    grace: way + hop(smallSize) + 4 * hop(0) + signOfLifeMs,
    total,
  }
}

/** How long so many bytes take from one program to the other. */
function hopOf({ network, drives }: Draft): (size: number) => number {
  const { delayMs, pieceBytesMin, windowBytes, pieces } = network
  const step = pieces === 'whole' ? windowBytes : Math.min(pieceBytesMin, windowBytes)
  const ticksMs = drives.accepting === 'manual' || drives.opening === 'manual' ? 2 * (tickMs + 1) : 0
  return (size) => 2 * delayMs[1] * (Math.ceil(size / step) + 1) + ticksMs + 1
}

function frameMaxOf({ says, asks }: HonestProgram): number {
  return frameRoom + Math.max(0, ...says.map(({ size }) => size), ...asks.map(({ replySize }) => replySize))
}

/** What a side may have on its way out: up to its mark, a message more, and the replies that it owes. */
function queueOf({ marks }: Draft, me: HonestProgram, peer: HonestProgram): number {
  const high = Math.max(marks.accepting.highWaterBytes, marks.opening.highWaterBytes)
  const owed = Math.min(peer.askers + peer.asksAt.size, peer.asks.length + peer.asksAt.size)
  return high + frameMaxOf(me) + owed * (frameMaxOf(peer) + frameRoom)
}

function volumeOf({ says, asks, asksAt }: HonestProgram): number {
  const said = sumOf(says.map(({ size }) => size + frameRoom))
  return said + sumOf(asks.map(({ replySize }) => replySize + 2 * frameRoom)) + asksAt.size * 2 * frameRoom
}

/** How much is stored between the bytes at which a link is paused and those at which it is resumed: see `ReceiveThrottle`. */
function pausedOf({ marks }: Draft): number {
  const sizes = Object.values(marks).map(({ receiveHighWaterBytes, messageSizeMax }) => {
    const above = Math.max(receiveHighWaterBytes, messageSizeMax + 2 * slack)
    return above - Math.max(receiveHighWaterBytes / 2, messageSizeMax + slack)
  })
  return Math.max(...sizes) + chunksMax
}

/**
 * How long a reader is behind for each message. A pipe that is driven by hand brings, a tick, an iterator only what its queue holds, and async
 * handlers what they may have.
 */
function takesOf(
  { drives, marks }: Draft,
  { reader, takesMs }: HonestProgram,
  { says }: HonestProgram,
  end: 'opening' | 'accepting',
): number[] {
  const turnMs = drives[end] === 'manual' ? tickMs + 1 : 0
  if (reader === 'iterator') return takesMs.map((ms) => ms + turnMs)
  const { receiveHighWaterBytes } = marks[end]
  const isAsync = reader === 'async handler'
  return says.map(({ size }) => (isAsync ? turnMs * handledShare(size, receiveHighWaterBytes) : 0))
}

/** How long async handlers keep waiting what came behind the requests that they have. */
function answeringOf(
  { marks }: Draft,
  { reader }: HonestProgram,
  { says, asks }: HonestProgram,
  end: 'opening' | 'accepting',
): number {
  const { receiveHighWaterBytes } = marks[end]
  const shareOf = (size: number): number => handledShare(size, receiveHighWaterBytes)
  const slow = asks.filter(({ replyAfterMs }) => replyAfterMs > 0)
  const handled = reader === 'async handler' ? says.map(({ size }) => shareOf(size)) : []
  const waits = Math.ceil(slow.length * shareOf(0) + sumOf(handled))
  const afterMs = slow.map(({ replyAfterMs }) => replyAfterMs)
  return Math.min(sumOf(afterMs), waits * Math.max(0, ...afterMs))
}

/**
 * The share that a message has in a wait for async handlers: one begins when they have `receiveHighWaterBytes` of messages, and is over when
 * they have half of that. A message weighs 64 bytes and four times its frame.
 */
function handledShare(size: number, receiveHighWaterBytes: number): number {
  return Math.min(1, (2 * (64 + 4 * (frameRoom + size))) / receiveHighWaterBytes)
}

/** The longest that a reader takes for messages that follow each other and take up so many bytes. */
function longestOf(takesMs: readonly number[], { says }: HonestProgram, bytes: number): number {
  let [most, ms, size, start] = [0, 0, 0, 0]
  for (let end = 0; end < says.length; end++) {
    ms += takesMs[end]
    size += says[end].size
    most = Math.max(most, ms)
    while (size - says[start].size >= bytes) {
      ms -= takesMs[start]
      size -= says[start].size
      start++
    }
  }
  return most
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0)
}
