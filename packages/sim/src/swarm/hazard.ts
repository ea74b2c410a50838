import type { ConditionOptions } from '../net/conditions.ts'
import type { Host } from '../world/host.ts'
import type { World } from '../world/world.ts'
import type { Weather } from './weather.ts'

/** When a hazard begins, and how long it lasts, in milliseconds since the safety phase began. */
interface Lasting {
  readonly atMs: number
  readonly forMs: number
}

/** One thing that goes wrong in a run of the swarm. `player`: which of the players, from 0; `server` is the other side. */
export type Hazard =
  /** The ways between a player and the server are like that. */
  | (Lasting & {
      readonly kind: 'conditions'
      readonly player: number
      readonly ways: 'there' | 'back' | 'both'
      readonly conditions: ConditionOptions
    })
  /** Nothing passes: neither way, one way, or between one host and all others. */
  | (Lasting & {
      readonly kind: 'partition'
      readonly player: number
      readonly ways: 'there' | 'back' | 'both'
    })
  | (Lasting & { readonly kind: 'isolation'; readonly host: number | 'server' })
  /** Nothing comes out for that long, and then all at once. */
  | (Lasting & { readonly kind: 'clog'; readonly player: number })
  /** The address of a player changes. */
  | { readonly kind: 'move'; readonly player: number; readonly atMs: number }
  /** A program does nothing for that long: it is busy, or stands still. */
  | (Lasting & { readonly kind: 'stall' | 'pause'; readonly host: number | 'server' })
  /** A host goes down, and is up again behind. */
  | (Lasting & { readonly kind: 'crash'; readonly host: number | 'server' })
  /** The clock of a program goes forward by so much at once. */
  | { readonly kind: 'jump'; readonly host: number | 'server'; readonly atMs: number; readonly byMs: number }
  /** A share of the sends of a host fail. */
  | (Lasting & {
      readonly kind: 'failing-sends'
      readonly host: number | 'server'
      readonly code: 'EAGAIN' | 'ENOBUFS'
      readonly chance: number
    })
  /** All streams between a player and the server are reset. */
  | { readonly kind: 'reset'; readonly player: number; readonly atMs: number }
  /** A program reads streams slowly. */
  | (Lasting & {
      readonly kind: 'slow-reader'
      readonly host: number | 'server'
      readonly bytesPerSecond: number
    })
  /** The way is cut for a moment, in which programs say something and then fall silent: the last of it is lost, and nothing follows. `forMs`: the silence, too. */
  | (Lasting & {
      readonly kind: 'tail'
      readonly player: number
      readonly ways: 'there' | 'back' | 'both'
      readonly cutMs: number
    })
  /** The way carries less from here on than before, smaller packets, fewer bytes or not all of them, while programs say so many bytes as fast as their channels take them. Smaller packets stay when all is healed. */
  | (Lasting & {
      readonly kind: 'narrow'
      readonly player: number
      readonly ways: 'there' | 'back' | 'both'
      readonly conditions: ConditionOptions
      readonly bytes: number
    })
  /** Nothing passes for so long, while programs say so many bytes as fast as their channels take them. `moves`: the player comes back from another address. */
  | (Lasting & {
      readonly kind: 'blackout'
      readonly player: number
      readonly ways: 'there' | 'back' | 'both'
      readonly bytes: number
      readonly moves: boolean
    })
  /** A stranger sends the server packets that say they come from elsewhere: own ones, and copies of what players send. */
  | (Lasting & { readonly kind: 'spoofing' })

/** What a hazard is let loose on. */
export interface Scene {
  readonly world: World
  readonly server: Host
  readonly players: readonly Host[]
  readonly weather: Weather
  /** Tells a program that its host is up again. */
  restarted(host: Host): void
  /** Sends spoofed packets, until its result is called. */
  spoof(): () => void
}

/** Begins a hazard. Returns what ends it, which does nothing where it ends by itself. */
export function unleash(hazard: Hazard, scene: Scene): () => void {
  const { world, server } = scene
  const hostOf = (which: number | 'server') => (which === 'server' ? server : scene.players[which])
  const nothing = () => {}
  switch (hazard.kind) {
    case 'conditions':
    case 'narrow': {
      const end = scene.weather.begin(scene.players[hazard.player], hazard.ways, hazard.conditions)
      // A path that carries smaller packets is well: all goes on over it.
      return hazard.kind === 'narrow' && hazard.conditions.mtuBytes !== undefined ? nothing : end
    }
    case 'tail':
    case 'partition':
    case 'blackout': {
      const route = world.between(scene.players[hazard.player], server)
      const ways = hazard.ways === 'both' ? [route.there, route.back] : [route[hazard.ways]]
      for (const way of ways) way.cut()
      return () => {
        if (movesPlayer(hazard)) scene.players[hazard.player].moves()
        for (const way of ways) way.heal()
      }
    }
    case 'isolation': {
      const host = hostOf(hazard.host)
      world.isolate(host)
      return () => {
        host.isIsolated = false
      }
    }
    case 'clog':
      world.between(scene.players[hazard.player], server).clog(hazard.forMs)
      return nothing
    case 'move':
      scene.players[hazard.player].moves()
      return nothing
    case 'reset':
      world.between(scene.players[hazard.player], server).reset()
      return nothing
    case 'spoofing':
      return scene.spoof()
    default:
      return unleashOn(hostOf(hazard.host), hazard, scene)
  }
}

type OfHost = Exclude<Hazard, { readonly player: number } | { readonly kind: 'isolation' | 'spoofing' }>

/** The same of those of one host's program. What is down is left alone. */
function unleashOn(host: Host, hazard: OfHost, scene: Scene): () => void {
  const nothing = () => {}
  if (host.isDown) return nothing
  switch (hazard.kind) {
    case 'stall':
      host.stall(hazard.forMs)
      return nothing
    case 'pause':
      host.pause()
      return () => {
        if (!host.isDown) host.resume()
      }
    case 'crash':
      host.crash()
      return () => {
        if (!host.isDown) return
        host.restart()
        scene.restarted(host)
      }
    case 'jump':
      host.jumpClock(hazard.byMs)
      return nothing
    case 'failing-sends': {
      const { code, chance } = hazard
      for (const call of ['send', 'write'] as const)
        if (call === 'send' || code === 'EAGAIN') host.fail(call, code, { chance })
      return () => host.heal()
    }
    case 'slow-reader':
      host.reads(hazard.bytesPerSecond)
      return () => host.heal()
  }
}

/** How long a hazard lasts on its way or its host, in milliseconds; 0: it is a moment. */
export function lengthOf(hazard: Hazard): number {
  if (hazard.kind === 'tail') return hazard.cutMs
  return 'forMs' in hazard ? hazard.forMs : 0
}

/** Whether the player has another address behind it. */
export function movesPlayer(hazard: Hazard): boolean {
  return hazard.kind === 'move' || (hazard.kind === 'blackout' && hazard.moves)
}

/** Whether a player that has moved isn't followed while it lasts: copies of its packets come from elsewhere, and before them. `others`: what else happens to the player. */
export function hidesMove(hazard: Hazard, others: readonly Hazard[]): boolean {
  if (hazard.kind !== 'spoofing') return false
  return others.some((other) => movesPlayer(other) && other.atMs < hazard.atMs + hazard.forMs)
}

/** Whether it changes bits on the way. */
export function changesBits(hazard: Hazard): boolean {
  return hazard.kind === 'conditions' && (hazard.conditions.corruption ?? 0) > 0
}

/** A hazard in one line. */
export function describeHazard(hazard: Hazard): string {
  const { kind, ...rest } = hazard
  return `${kind} ${JSON.stringify(rest)}`
}

/** Whether it happens to this player: to its host or its ways, to the server, or to all. */
export function concerns(hazard: Hazard, player: number): boolean {
  if ('player' in hazard) return hazard.player === player
  return !('host' in hazard) || hazard.host === 'server' || hazard.host === player
}
