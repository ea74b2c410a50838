/**
 * The messages of the arena. The server and the bots import this one file: that is all they share on the wire. If they
 * ever had different versions of it, the hello would say which message differs, and which side is older.
 */
import { array, bits, contract, enumeration, type MessagesOf, request, text, u8, u16, u32 } from 'millrace'
import { i8 } from 'millrace/schema'

/** What a player is at the moment: `out` after a hunter got it, until it asks to `respawn`. */
export const roles = ['runner', 'hunter', 'out'] as const
export type Role = (typeof roles)[number]

/** Positions travel as whole hundredths: two bytes a coordinate instead of four. */
export const positionScale = 100

const place = { x: u16, y: u16 }

/** The protocol to register: `protoFactory.add('arena', arena)`. */
export const arena = bits(
  contract(
    {
      // Bot to server.
      join: request({ name: text(20) }, { id: u16 }),
      respawn: request({}, place),
      // `input` counts the inputs of a player; the snapshot says which one it shows already.
      steer: { input: u8, x: i8, y: i8 },
      say: { line: text(80) },
      // Server to bot.
      snapshot: {
        tick: u32,
        players: array({ id: u16, role: enumeration(roles), input: u8, score: u16, ...place }, 2000),
        pellets: array(place, 200),
      },
      caught: { by: u16 },
      chat: { from: text(20), line: text(80) },
    },
    { version: 1 },
  ),
)

export type Arena = MessagesOf<typeof arena>
export type Snapshot = Arena['snapshot']
