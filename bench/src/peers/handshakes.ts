import { randomBytes } from 'node:crypto'
import { createRequire } from 'node:module'
import {
  type HandshakeState,
  keyPair,
  noblePrimitives,
  type Primitives,
  startHandshake,
} from '@millrace/cipher'
import { nodePrimitives } from '@millrace/cipher-node'
import type { WindowOptions } from '../window.ts'
import { Window } from '../window.ts'
import { work } from '../worker-side.ts'

/** noise-handshake comes without declarations. */
type NoiseHandshake = new (
  pattern: string,
  isInitiator: boolean,
) => {
  initialise(prologue: Uint8Array): void
  send(): Uint8Array
  recv(message: Uint8Array): Uint8Array
  readonly hash: Uint8Array
}

/** Who shakes hands with himself. */
export type Shaker = 'node' | 'noble' | 'noise-handshake'

/** One XX handshake after another, both sides in this thread. */
work<WindowOptions & { shaker: Shaker }>(async (options, parent) => {
  await parent.ready()
  const shake = shakers[options.shaker]()
  let isOver = false
  const window = new Window(options, 16, (measurement) => {
    isOver = true
    parent.result(measurement)
  })
  while (!isOver) {
    shake()
    window.add(1)
  }
})

const shakers: Readonly<Record<Shaker, () => () => void>> = {
  node: () => millrace(nodePrimitives),
  noble: () => millrace(noblePrimitives),
  'noise-handshake': () => {
    const NoiseHandshake = createRequire(import.meta.url)('noise-handshake') as NoiseHandshake
    const prologue = Buffer.alloc(0)
    return () => {
      const initiator = new NoiseHandshake('XX', true)
      const responder = new NoiseHandshake('XX', false)
      initiator.initialise(prologue)
      responder.initialise(prologue)
      responder.recv(initiator.send())
      initiator.recv(responder.send())
      responder.recv(initiator.send())
      expectEqual(initiator.hash, responder.hash)
    }
  },
}

function millrace(primitives: Primitives): () => void {
  const random = (size: number) => new Uint8Array(randomBytes(size))
  const own = [keyPair(primitives, random), keyPair(primitives, random)]
  const source = primitives.dh.generate === undefined ? { random } : {}
  const shared = { suite: 'Noise_XX_25519_ChaChaPoly_BLAKE2b', primitives, ...source } as const
  return () => {
    const initiator: HandshakeState = startHandshake({ ...shared, role: 'initiator', staticKeys: own[0] })
    const responder: HandshakeState = startHandshake({ ...shared, role: 'responder', staticKeys: own[1] })
    responder.read(initiator.write())
    initiator.read(responder.write())
    responder.read(initiator.write())
    expectEqual(initiator.split().handshakeHash, responder.split().handshakeHash)
  }
}

function expectEqual(one: Uint8Array, two: Uint8Array): void {
  if (!Buffer.from(one).equals(two)) throw new Error('the hashes differ')
}
