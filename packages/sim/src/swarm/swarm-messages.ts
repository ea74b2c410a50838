import { contract, message, request } from '@millrace/proto-bits'
import { bytes, u32 } from 'bitsery-ts'
import type { Random } from '../base/random.ts'

const numbered = { n: u32, pad: bytes(70_000) }

/** One message for each delivery, and several lanes. Two keys share lane 1: their messages are numbered together. */
export const swarmContract = contract({
  first: message(numbered),
  one: message(numbered, { lane: 1 }),
  other: message(numbered, { lane: 1 }),
  far: message(numbered, { lane: 15 }),
  unordered: message(numbered, { delivery: 'reliableUnordered', lane: 2 }),
  sequenced: message(numbered, { delivery: 'sequenced' }),
  latest: message(numbered, { delivery: 'latestByKey' }),
  unreliable: message(numbered, { delivery: 'unreliable' }),
  ask: request({ n: u32 }, { n: u32 }, { lane: 3 }),
  askUnordered: request({ n: u32 }, { n: u32 }, { delivery: 'reliableUnordered' }),
})

/** The messages of the contract, as types. */
export type SwarmMessages = NonNullable<(typeof swarmContract)['messages']>

/** What arrives as one sequence: a key, or those that share a lane. */
export type Stream = 'first' | 'shared' | 'far' | 'unordered' | 'sequenced' | 'latest' | 'unreliable'

/** The keys of messages, with the stream that each belongs to. */
export const streamOf = {
  first: 'first',
  one: 'shared',
  other: 'shared',
  far: 'far',
  unordered: 'unordered',
  sequenced: 'sequenced',
  latest: 'latest',
  unreliable: 'unreliable',
} as const satisfies Readonly<Record<string, Stream>>

export type MessageKey = keyof typeof streamOf

export const messageKeys = Object.keys(streamOf) as MessageKey[]
export const requestKeys = ['ask', 'askUnordered'] as const
export type RequestKey = (typeof requestKeys)[number]

/** What a stream promises over datagrams. Over streams of bytes all arrive, in their order. */
export const promises: Readonly<Record<Stream, 'ordered' | 'once' | 'forward' | 'latest' | 'not-twice'>> = {
  first: 'ordered',
  shared: 'ordered',
  far: 'ordered',
  unordered: 'once',
  sequenced: 'forward',
  latest: 'latest',
  unreliable: 'not-twice',
}

/** Stands at the beginning of each body: what is encrypted must not show it. */
export const marker = Uint8Array.of(0x5a, 0x17, 0xe3, 0x88, 0x41, 0xc6)

/** The body of a message: told by its number and its size. */
export function bodyOf(n: number, size: number): { n: number; pad: Uint8Array } {
  const pad = new Uint8Array(Math.max(size, marker.length))
  pad.set(marker)
  for (let index = marker.length; index < pad.length; index++) pad[index] = n * 7 + index
  return { n, pad }
}

/** Whether a body is as it was sent. */
export function isWhole({ n, pad }: { readonly n: number; readonly pad: Uint8Array }): boolean {
  for (let index = 0; index < marker.length; index++) if (pad[index] !== marker[index]) return false
  for (let index = marker.length; index < pad.length; index++)
    if (pad[index] !== ((n * 7 + index) & 0xff)) return false
  return true
}

/** A size for a message of a key: most are small, some are larger than packets. */
export function drawSize(key: MessageKey, random: Random): number {
  if (!random.chance(0.05)) return random.integer(6, 120)
  return random.integer(120, key === 'unreliable' || key === 'sequenced' ? 4000 : 20_000)
}
