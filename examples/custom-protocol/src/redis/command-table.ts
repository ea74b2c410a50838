import type { RespReply } from '../resp/resp-value.ts'
import { textOf } from '../resp/resp-value.ts'
import { CommandError, type Database } from './database.ts'

/** One client of the server, as commands see it. */
export interface Client {
  readonly id: number
  name: string
  /** The number of its database. */
  selected: number
  /** Commands since MULTI, or undefined outside of a transaction. */
  queued: { readonly command: Command; readonly args: readonly Uint8Array[] }[] | undefined
  /** A command of the transaction was refused: EXEC will be too. */
  isSpoiled: boolean
  /** What it has subscribed to. */
  readonly subscriptions: Set<string>
  /** Sends what the client did not ask for. */
  push(items: readonly (string | number | Uint8Array | null)[]): void
}

/** What commands need of the server. */
export interface Keeper {
  readonly databases: readonly Database[]
  readonly clientCount: number
  /** Who has subscribed to a name. */
  subscribers(name: string): ReadonlySet<Client>
  subscribe(client: Client, name: string): void
  unsubscribe(client: Client, name: string): void
}

/** One call of a command. */
export interface Call {
  readonly client: Client
  readonly keeper: Keeper
  readonly database: Database
}

/** A command: how many arguments it takes, and what it does. May throw a `CommandError`. */
export interface Command {
  readonly argsMin: number
  /** `Infinity`: any number. */
  readonly argsMax: number
  run(args: readonly Uint8Array[], call: Call): RespReply
}

/** Commands by their names. */
export type CommandTable = Readonly<Record<string, Command>>

/** A command of exactly, or at least, so many arguments. */
export function takes(argsMin: number, run: Command['run'], argsMax = argsMin): Command {
  return { argsMin, argsMax, run }
}

/** A whole number of 64 bits, as Redis spells it. */
export function integerArg(bytes: Uint8Array): bigint {
  const text = bytes.length > 20 ? '' : textOf(bytes)
  const value = /^(0|-?[1-9]\d*)$/.test(text) ? BigInt(text) : undefined
  if (value === undefined || BigInt.asIntN(64, value) !== value) {
    throw new CommandError('ERR value is not an integer or out of range')
  }
  return value
}

/** A whole number that is exact as a number. */
export function countArg(bytes: Uint8Array): number {
  const value = Number(integerArg(bytes))
  if (Number.isSafeInteger(value)) return value
  throw new CommandError('ERR value is not an integer or out of range')
}

export function syntaxError(): CommandError {
  return new CommandError('ERR syntax error')
}
