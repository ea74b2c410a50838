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

/** The port at the end of an endpoint such as tcp://127.0.0.1:4321. */
export function portOf(endpoint: string | null): number {
  return Number(endpoint?.slice(endpoint.lastIndexOf(':') + 1))
}
