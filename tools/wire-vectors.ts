/**
 * Frames as the encoders write them, for those who implement docs/WIRE.md in another language. Writes
 * docs/wire-vectors.json: `node --import ./bench/src/from-source.ts tools/wire-vectors.ts`.
 */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bits, type Contract, contract, defaultLimits, msgpack, u8, u16, u32 } from 'millrace'
import type { StreamSession } from 'millrace/extend'
import {
  type DescribedContract,
  describedContract,
  fieldCount,
  olderContract,
  vectorContract,
} from './wire-contract.ts'
import { answered, helloOf, hexOf, random, saidTo, vector, type WireVector, written } from './wire-frames.ts'
import { root } from './workspace.ts'

/** A fingerprint and what it is made of. */
export interface FingerprintVector {
  readonly text: string
  readonly fingerprint: string
}

/** All of docs/wire-vectors.json. */
export interface WireVectors {
  readonly wireVersion: number
  readonly contract: DescribedContract
  readonly fingerprints: readonly FingerprintVector[]
  readonly frames: readonly WireVector[]
}

/** Runs the encoders. */
export function wireVectors(): WireVectors {
  return {
    wireVersion: 2,
    contract: describedContract(),
    fingerprints: fingerprints(),
    frames: [
      ...hellos(),
      ...endOfFrames(),
      ...bitsMessages(),
      ...longFrames(),
      ...msgpackMessages(),
      ...goodbyes(),
    ],
  }
}

const game = bits(vectorContract)
const older = bits(olderContract)
const lobby = msgpack()
const chatKey = lobby.keys.number('chat')
const buyKey = lobby.keys.number('buy')

function hellos(): WireVector[] {
  const messageSizeMax = defaultLimits.messageSizeMax
  const table = saidTo(game, answered(older, helloOf(older)))
  const { version, fingerprint, messages } = describedContract()
  const entries = messages.map(({ key, descriptor, reply }, index) => ({
    key,
    fingerprint: entryPrints()[index].fingerprint,
    fieldCount: fieldCount(descriptor) + fieldCount(reply?.descriptor),
  }))
  const nothing = { contractVersion: 0, fingerprint: '0000000000000000' }
  return [
    vector('hello-bits', 'the first frame of an opening side that speaks bits', 'bits', helloOf(game), {
      wireVersion: 2,
      role: 1,
      random,
      messageSizeMax,
      contractVersion: version,
      fingerprint,
      codec: 'bits',
      data: '',
    }),
    vector('hello-msgpack', 'the same with msgpack and data', 'msgpack', helloOf(lobby, 'Neo'), {
      wireVersion: 2,
      role: 1,
      random,
      messageSizeMax,
      ...nothing,
      codec: 'msgpack',
      data: hexOf(Buffer.from('Neo')),
    }),
    vector('hello-answer', 'the first frame of an accepting side', 'bits', answered(game, helloOf(game)), {
      wireVersion: 2,
      role: 0,
      random: 'b1b1b1b1b1b1b1b1',
      messageSizeMax,
      contractVersion: version,
      fingerprint,
      codec: 'bits',
      data: '',
    }),
    vector('contract', 'what an opening side says to a hello with another fingerprint', 'bits', table, {
      version,
      entries,
    }),
  ]
}

function endOfFrames(): WireVector[] {
  const token = 0x01020304
  const ping = written(lobby, (session) => session.ping?.(token))
  const unasked = written(lobby, (session) => session.pong?.())
  const pong = written(lobby, (session) => {
    session.receive(ping)
    session.process(0)
  })
  const fault = written(lobby, (session) => session.encodeFault?.(7, 'sold out'))
  return [
    vector('ping', 'asks for a sign of life', 'any', ping, { token }),
    vector('pong', 'answers the ping above', 'any', pong, { token }),
    vector('pong-unasked', 'a sign of life that was not asked for', 'any', unasked, { token: 0 }),
    vector('fault', 'request 7 has no reply', 'any', fault, { id: 7, text: 'sold out' }),
  ]
}

function bitsMessages(): WireVector[] {
  const move = { id: 7, x: 1, y: -2.5 }
  const chat = { from: 7, line: 'grüß dich', color: 'green' }
  const quiet = { from: 7, line: '' }
  const buy = { item: 513, count: 3 }
  const sell = { item: 513 }
  const left = { left: 70_000 }
  const gold = { gold: 0.5, isLast: true }
  const frame = (
    name: string,
    what: string,
    fields: WireVector['fields'],
    write: (session: StreamSession) => void,
  ): WireVector => vector(name, what, 'bits', written(game, write), fields)
  return [
    frame('bits-move', 'message number 0', { key: 'move', body: move }, (session) => session.encode(0, move)),
    frame('bits-chat', 'message number 2', { key: 'chat', body: chat }, (session) => session.encode(2, chat)),
    frame('bits-chat-quiet', 'message number 2 again', { key: 'chat', body: quiet }, (session) =>
      session.encode(2, quiet),
    ),
    frame('bits-buy', 'request 9', { id: 9, key: 'buy', body: buy }, (session) =>
      session.encodeRequest?.(9, 1, buy),
    ),
    frame('bits-buy-reply', 'its reply', { id: 9, key: 'buy', body: left }, (session) =>
      session.encodeReply?.(9, 1, left),
    ),
    frame('bits-sell', 'request 10', { id: 10, key: 'sell', body: sell }, (session) =>
      session.encodeRequest?.(10, 3, sell),
    ),
    frame('bits-sell-reply', 'its reply', { id: 10, key: 'sell', body: gold }, (session) =>
      session.encodeReply?.(10, 3, gold),
    ),
    vector('bits-far', 'message 130 of a contract that has it', 'bits', farMessage(), {
      number: 130,
      body: { n: 258 },
    }),
  ]
}

/** A message with a number that is no code of its own. */
function farMessage(): Buffer {
  const messages = Object.fromEntries(
    Array.from({ length: 131 }, (_, index) => [`message${index}`, { n: u16 }]),
  )
  return written(bits(contract(messages)), (session) => session.encode(130, { n: 258 }))
}

function longFrames(): WireVector[] {
  const frame = (count: number) => {
    const body = { origin: [-1, 2], cells: new Uint8Array(count).fill(0xab) }
    return written(game, (session) => session.encode(4, body))
  }
  const fields = (count: number) => ({
    key: 'map',
    body: { origin: [-1, 2], cells: { byte: 0xab, count } },
  })
  return [
    vector(
      'bits-map-small',
      'the largest body with a size of one byte: 127',
      'bits',
      frame(122),
      fields(122),
    ),
    vector('bits-map-middle', 'the smallest with a size of two: 128', 'bits', frame(123), fields(123)),
    vector('bits-map-short', 'the largest with a size of two: 16,383', 'bits', frame(16_377), fields(16_377)),
    vector(
      'bits-map-long',
      'the smallest with a size of four: 16,384',
      'bits',
      frame(16_378),
      fields(16_378),
    ),
    vector('bits-map-longer', 'a long frame', 'bits', frame(262_144), fields(262_144)),
  ]
}

function msgpackMessages(): WireVector[] {
  const chat = { from: 7, line: 'grüß dich' }
  const frame = (write: (session: StreamSession) => void) => written(lobby, write)
  const message = frame((session) => session.encode(chatKey, chat))
  const asked = frame((session) => session.encodeRequest?.(9, buyKey, [513, 3]))
  const reply = frame((session) => session.encodeReply?.(9, buyKey, { left: 70_000 }))
  return [
    vector('msgpack-chat', 'a message', 'msgpack', message, { key: 'chat', body: chat }),
    vector('msgpack-buy', 'request 9', 'msgpack', asked, { id: 9, key: 'buy', body: [513, 3] }),
    vector('msgpack-buy-reply', 'its reply', 'msgpack', reply, { id: 9, key: 'buy', body: { left: 70_000 } }),
  ]
}

function goodbyes(): WireVector[] {
  const goodbyeTexts = {
    closed: '',
    'channel-limit': '10000 channels are open already',
    'protocol-mismatch': "the peer speaks 'msgpack', this side speaks 'bits'",
    'contract-mismatch': "the contracts differ: message 'chat' differs; the peer is older",
    'protocol-violation': 'a second hello',
    overflow: '1048600 bytes were waiting',
    'shutting-down': 'früh zu Bett',
    timeout: 'the peer was silent for 15000 ms',
    'encryption-failed': 'the handshake failed',
    'not-admitted': 'the server is in maintenance',
    'message-rate': "more of 'chat' came than the rate allows: 2 a second, 5 at once",
  } as const
  const codes = Object.keys(goodbyeTexts) as (keyof typeof goodbyeTexts)[]
  const said = (code: (typeof codes)[number], appCode: number, text: string, name: string = code) => {
    const why = codes.indexOf(code)
    const frame = written(lobby, (session) => session.goodbye?.({ code, appCode, text }))
    return vector(`close-${name}`, `goodbye ${why}`, 'any', frame, { why, meaning: code, appCode, text })
  }
  return [...codes.map((code) => said(code, 0, goodbyeTexts[code])), said('closed', 4001, 'banned', 'banned')]
}

/** Each entry's fingerprint, as the table of a contract shows it, with the text that it is made of. */
function entryPrints(): FingerprintVector[] {
  const table = tableOf(vectorContract)
  return vectorContract.entries.map(({ key, schema, reply }) => ({
    text:
      reply === undefined
        ? JSON.stringify(schema.descriptor)
        : `${key}:${schema.fingerprint}:${reply.fingerprint}`,
    fingerprint: table.get(key)!,
  }))
}

/** The fingerprints in the table that a session really writes. */
function tableOf(shown: Contract): Map<string, string> {
  const table = saidTo(bits(shown), answered(older, helloOf(older))).subarray(2)
  const found = new Map<string, string>()
  for (let at = 6; at < table.length; ) {
    const size = table[at + 10]
    found.set(table.toString('utf8', at + 11, at + 11 + size), table.toString('hex', at, at + 8))
    at += 11 + size
  }
  return found
}

function fingerprints(): FingerprintVector[] {
  const { entries, fingerprint } = vectorContract
  const parts = entries.map(
    ({ key, schema, reply }) => `${key}:${schema.fingerprint}:${reply?.fingerprint ?? ''}`,
  )
  const odd = contract({ grüße: u8 })
  return [
    { text: JSON.stringify(u32.descriptor), fingerprint: u32.fingerprint },
    ...entryPrints(),
    { text: parts.join('\n'), fingerprint },
    { text: `grüße:${u8.fingerprint}:`, fingerprint: odd.fingerprint },
  ]
}

if (import.meta.main) {
  const path = join(root, 'docs/wire-vectors.json')
  writeFileSync(path, `${JSON.stringify(wireVectors(), null, 2)}\n`)
  execFileSync(process.execPath, [
    join(root, 'node_modules/@biomejs/biome/bin/biome'),
    'format',
    '--write',
    path,
  ])
}
