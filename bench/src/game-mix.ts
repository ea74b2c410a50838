/**
 * The traffic of a small browser game, seeded: 26 messages, of which most are tiny. Kinds, fields and frequencies follow
 * a port of BrowserQuest with 200 players, who get 13 bytes a message with a header of 4.
 */
import { array, type ContractMessages, contract, text, u8, u16, u32 } from 'millrace'
import { randomNumbers } from './random.ts'

const place = { x: u16, y: u16 }

const shape = {
  move: { id: u32, ...place },
  attack: { attacker: u32, target: u32 },
  health: { points: u16 },
  damage: { target: u32, points: u16 },
  despawn: { id: u32 },
  spawnPlayer: { id: u32, name: text(16), ...place, facing: u8, armour: u8, weapon: u8, target: u32 },
  spawnMob: { id: u32, kind: u8, ...place, facing: u8, target: u32 },
  spawnItem: { id: u32, kind: u8, ...place },
  destroy: { id: u32 },
  kill: { kind: u8 },
  drop: { mob: u32, item: u32, kind: u8, haters: array(u32, 16) },
  loot: { player: u32, item: u32 },
  equip: { id: u32, kind: u8 },
  teleport: { id: u32, ...place },
  blink: { id: u32 },
  chat: { id: u32, text: text(120) },
  nearby: { ids: array(u32, 256) },
  population: { world: u16, total: u16 },
  walk: place,
  strike: { target: u32 },
  hurt: { mob: u32 },
  aggro: { mob: u32 },
  take: { item: u32 },
  say: { text: text(120) },
  zone: {},
  who: { ids: array(u32, 256) },
}

/** All messages of the game, in both directions. */
export const mixContract = contract(shape)

export type MixMessages = ContractMessages<typeof shape>
export type MixKey = keyof MixMessages & string
export type MixMessage = { readonly key: MixKey; readonly body: Readonly<Record<string, unknown>> }

/** `down`: from the server to a player. `up`: from a player to the server. */
export type Direction = 'down' | 'up'

/** How often each message comes: parts of the sum of its direction, which is 1,000. */
export const mixWeights: Readonly<Record<Direction, Readonly<Partial<Record<MixKey, number>>>>> = {
  down: {
    move: 540,
    attack: 120,
    health: 70,
    damage: 60,
    despawn: 52,
    spawnMob: 38,
    spawnPlayer: 24,
    destroy: 20,
    chat: 16,
    spawnItem: 14,
    drop: 12,
    kill: 10,
    loot: 8,
    blink: 6,
    equip: 4,
    teleport: 3,
    population: 2,
    nearby: 1,
  },
  up: { walk: 600, strike: 150, aggro: 60, hurt: 60, zone: 50, take: 30, say: 30, who: 20 },
}

/** The first `count` messages of a game that plays the same for every seed. */
export function mixMessages(direction: Direction, count: number, seed: number): readonly MixMessage[] {
  const random = randomNumbers(seed)
  const below = (end: number) => random() % end
  const keys = Object.entries(mixWeights[direction]).flatMap(([key, weight]) =>
    new Array<MixKey>(weight).fill(key as MixKey),
  )
  return Array.from({ length: count }, () => {
    const key = keys[below(keys.length)]
    return { key, body: bodies[key](below) }
  })
}

type Below = (end: number) => number
type Bodies = { readonly [K in MixKey]: (below: Below) => MixMessages[K] }

const player = (below: Below) => 50_000 + below(200)
const mob = (below: Below) => 10_000 + below(900)
const item = (below: Below) => 90_000 + below(5000)
const anywhere = (below: Below) => ({ x: below(172), y: below(314) })
const kind = (below: Below) => below(60)
const mobs = (below: Below, end: number) => Array.from({ length: below(end) }, () => mob(below))

/** A few words of one to eight letters. */
const words = (below: Below) => {
  const word = () => 'abcdefgh'.slice(below(8))
  return Array.from({ length: 1 + below(9) }, word).join(' ')
}

const bodies: Bodies = {
  move: (below) => ({ id: below(3) === 0 ? player(below) : mob(below), ...anywhere(below) }),
  attack: (below) => ({ attacker: mob(below), target: player(below) }),
  health: (below) => ({ points: below(400) }),
  damage: (below) => ({ target: mob(below), points: below(60) }),
  despawn: (below) => ({ id: mob(below) }),
  spawnPlayer: (below) => ({
    id: player(below),
    name: `player ${below(1000)}`,
    ...anywhere(below),
    facing: below(4),
    armour: kind(below),
    weapon: kind(below),
    target: below(2) === 0 ? 0 : mob(below),
  }),
  spawnMob: (below) => ({
    id: mob(below),
    kind: kind(below),
    ...anywhere(below),
    facing: below(4),
    target: below(2) === 0 ? 0 : player(below),
  }),
  spawnItem: (below) => ({ id: item(below), kind: kind(below), ...anywhere(below) }),
  destroy: (below) => ({ id: item(below) }),
  kill: (below) => ({ kind: kind(below) }),
  drop: (below) => ({
    mob: mob(below),
    item: item(below),
    kind: kind(below),
    haters: Array.from({ length: below(4) }, () => player(below)),
  }),
  loot: (below) => ({ player: player(below), item: item(below) }),
  equip: (below) => ({ id: player(below), kind: kind(below) }),
  teleport: (below) => ({ id: player(below), ...anywhere(below) }),
  blink: (below) => ({ id: item(below) }),
  chat: (below) => ({ id: player(below), text: words(below) }),
  nearby: (below) => ({ ids: mobs(below, 60) }),
  population: (below) => ({ world: 200 + below(20), total: 900 + below(90) }),
  walk: anywhere,
  strike: (below) => ({ target: mob(below) }),
  hurt: (below) => ({ mob: mob(below) }),
  aggro: (below) => ({ mob: mob(below) }),
  take: (below) => ({ item: item(below) }),
  say: (below) => ({ text: words(below) }),
  zone: () => ({}),
  who: (below) => ({ ids: mobs(below, 12) }),
}
