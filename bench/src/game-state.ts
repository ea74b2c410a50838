import { contract, type Delivery, f32, type Infer, message, struct, u8, u16, u32 } from 'millrace'
import { fixedArray, i16 } from 'millrace/schema'

/**
 * The state of one player as a game server sends it: 64 bytes in 19 fields. 24 bytes of ids and counters, 32 of position,
 * velocity and direction, 8 of small numbers and flags.
 */
export const state = struct({
  id: u32,
  owner: u32,
  target: u32,
  tick: u32,
  input: u32,
  score: u32,
  x: f32,
  y: f32,
  z: f32,
  velocityX: f32,
  velocityY: f32,
  velocityZ: f32,
  yaw: f32,
  pitch: f32,
  health: i16,
  ammo: u16,
  weapon: u8,
  team: u8,
  flags: u16,
})

/** What a small message still tells of a player: 16 bytes. */
const glimpse = struct({ id: u32, x: f32, y: f32, health: i16, weapon: u8, flags: u8 })

/** A player. */
export type State = Infer<typeof state>

type Glimpse = Infer<typeof glimpse>

/** Which message has a body of so many bytes: a player, or as many in one as fill it. */
export type GameKey = 'state' | 'glimpse' | 'glimpses' | 'snapshot'

/** The key for bodies of `size` bytes. */
export function gameKey(size: number): GameKey {
  if (size < 64) return size === 16 ? 'glimpse' : 'glimpses'
  return size === 64 ? 'state' : 'snapshot'
}

/** The contract of all messages; `glimpses` and `snapshot` hold as many players as `size` has room for. `delivery` is that of a state. */
export function gameContract(size: number, delivery: Delivery = 'reliable') {
  return contract({
    state: message(state, { delivery }),
    glimpse,
    glimpses: { players: fixedArray(glimpse, Math.max(1, size / glimpse.sizeMax)) },
    snapshot: { players: fixedArray(state, Math.max(1, size / state.sizeMax)) },
  })
}

/** The messages by key. */
export type GameMessages = {
  readonly state: State
  readonly glimpse: Glimpse
  readonly glimpses: { players: Glimpse[] }
  readonly snapshot: { players: State[] }
}

/**
 * A player in the middle of a game. Its fields stand in another order than those of the schema's literal: with the same
 * order V8 would give both the same hidden class, with fields that hold anything, and writing would take half as long again.
 */
export function playerState(id: number): State {
  return {
    x: 0.5 + id * 1.5,
    y: 0.5 + id * 2.25,
    z: 0.5,
    velocityX: 0.125,
    velocityY: -0.25,
    velocityZ: 0.0625,
    yaw: 0.1,
    pitch: 0.2,
    id,
    owner: id % 40,
    target: id % 50,
    tick: 1000,
    input: 500,
    score: id * 100,
    health: 100 - (id % 30),
    ammo: 30,
    weapon: 3,
    team: id % 2,
    flags: id % 16,
  }
}

/** One tick of a player's life: what changes between two messages. */
export function step(player: State): void {
  player.tick = (player.tick + 1) & 0x3fffffff
  player.x += player.velocityX
  player.y += player.velocityY
  player.ammo = (player.ammo + 1) & 1023
}

/** Reads a little of a player: that it arrived, and when it was made. What a game does with the rest is the game's time. */
export function readState({ id, tick }: State): number {
  return id + tick
}
