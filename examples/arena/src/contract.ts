/**
 * The messages of the arena. The server and the bots import this one file: that is all they share on the wire. If they
 * ever had different versions of it, the hello would say which message differs, and which side is older.
 */
import {
  array,
  type Body,
  bits,
  contract,
  enumeration,
  type MessagesOf,
  message,
  request,
  text,
  u8,
  u16,
  u32,
} from 'millrace'
import { i8 } from 'millrace/schema'

/** What a player is at the moment: `out` after a hunter got it, until it asks to `respawn`. */
export const roles = ['runner', 'hunter', 'out'] as const
export type Role = (typeof roles)[number]

/** Positions travel as whole hundredths: two bytes a coordinate instead of four. */
export const positionScale = 100

const place = { x: u16, y: u16 }

/** Chat has a lane of its own: while a lost line is sent again, who was caught hears of it all the same. */
const chatLane = 1

/**
 * The protocol to register: `protoFactory.add('arena', arena)`. What is said of delivery counts over udp; tcp delivers everything, in order. Positions and
 * inputs are `sequenced`: one that is lost is not sent again, as the next one is newer.
 */
export const arena = bits(
  contract(
    {
      // Bot to server.
      join: request({ name: text(20) }, { id: u16 }, { from: 'client' }),
      respawn: request({}, place, { from: 'client' }),
      // `input` counts the inputs of a player; the snapshot says which one it shows already.
      steer: message({ input: u8, x: i8, y: i8 }, { from: 'client', delivery: 'sequenced' }),
      say: message({ line: text(80) }, { from: 'client', lane: chatLane }),
      // Server to bot.
      snapshot: message(
        {
          tick: u32,
          players: array({ id: u16, role: enumeration(roles), input: u8, score: u16, ...place }, 2000),
          pellets: array(place, 200),
        },
        { from: 'server', delivery: 'sequenced' },
      ),
      caught: message({ by: u16 }, { from: 'server' }),
      chat: message({ from: text(20), line: text(80) }, { from: 'server', lane: chatLane }),
    },
    { version: 2 },
  ),
)

export type Arena = MessagesOf<typeof arena>
export type Snapshot = Body<Arena, 'snapshot'>
