import { type Platform, ProtoFactory, type TransportPlugin } from '@millrace/core'
import { bits, contract, request } from '@millrace/proto-bits'
import { array, struct, text, u8, u16, u32 } from 'bitsery-ts'

const entity = struct({ id: u32, x: u16, y: u16, health: u8 })

const game = contract({
  enter: request({ name: text(16) }, { id: u32 }),
  move: { x: u16, y: u16 },
  attack: { target: u32 },
  say: { text: text(200) },
  state: { tick: u32, entities: array(entity, 256) },
})

type Link = TransportPlugin<{ readonly place: string }, [place: string]>

/** A game's client: opens a channel on a platform and over a transport that it is given. */
export async function open(platform: Platform, transport: Link) {
  const factory = new ProtoFactory({ platform }).add('link', transport).add('game', bits(game))
  return await factory.create('link', 'server', 'game').open()
}
