import { NotRun } from '../scenario.ts'

/** Loads zeromq.js. Throws NotRun where its addon doesn't load on this machine. */
export async function loadZeromq(): Promise<typeof import('zeromq')> {
  try {
    return await import('zeromq')
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n')[0] : String(error)
    throw new NotRun(`zeromq.js did not load (${why})`)
  }
}

/** Keys of a server that the bench alone knows: both processes need them, and they protect nothing else. */
const serverKeys = {
  publicKey: 'PF{P0a5I)QX{w-uSyIWf3<:yiG4u6:TPw@hcFCyw',
  secretKey: '0as<K)S-&f^{d8u{?d*0w3dQ#J-?+-s2=#6pa#Xu',
}

/** Options of a worker with sockets that may use CURVE. */
export type ZeromqSecurity = { readonly security?: 'none' | 'curve' }

/** Socket options of the side that binds. */
export function boundSecurity({ security }: ZeromqSecurity) {
  return security === 'curve' ? { curveServer: true, curveSecretKey: serverKeys.secretKey } : {}
}

/** Socket options of the side that connects. */
export async function connectedSecurity({ security }: ZeromqSecurity) {
  if (security !== 'curve') return {}
  const { publicKey, secretKey } = (await loadZeromq()).curveKeyPair()
  return { curveServerKey: serverKeys.publicKey, curvePublicKey: publicKey, curveSecretKey: secretKey }
}

/** The port at the end of an endpoint such as tcp://127.0.0.1:4321. */
export function portOf(endpoint: string | null): number {
  return Number(endpoint?.slice(endpoint.lastIndexOf(':') + 1))
}
