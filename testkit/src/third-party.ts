import { runInNewContext } from 'node:vm'
import {
  type AnyMessages,
  type Channel,
  type CloseReason,
  type Codec,
  type Diagnostics,
  describeReason,
  framed,
  type Log,
  type MillraceError,
  type Pipe,
  type PipeOptions,
  type Protocol,
  type Session,
  type SessionHost,
} from '@millrace/core'
import { PlainCodec } from './plain-codec.ts'
import { Rig } from './rig.ts'

/** How what a program lends can fail. */
export const faultKinds = ['throws', 'rejects', 'thenable', 'getter', 'foreign'] as const

/**
 * One of them: a throw; a rejected promise; an object with a `then` that rejects; an object with a `then` that cannot even be read; a rejected
 * promise, and an error, of another realm.
 */
export type FaultKind = (typeof faultKinds)[number]

export function isFault(kind: string): kind is FaultKind {
  return (faultKinds as readonly string[]).includes(kind)
}

/** What stands in every planted fault, so that it is known wherever it is told. */
const planted = 'a planted fault'

/** A function of a third party that fails in this way, whatever it is called with. */
export function failing(kind: FaultKind): () => never {
  const fault = (): Error => new Error(planted)
  const results: Record<FaultKind, () => unknown> = {
    throws: () => {
      throw fault()
    },
    rejects: () => Promise.reject(fault()),
    // biome-ignore lint/suspicious/noThenProperty: a third party's thenable is the point
    thenable: () => ({ then: (_: unknown, reject: (error: Error) => void) => reject(fault()) }),
    getter: () => ({
      // biome-ignore lint/suspicious/noThenProperty: so is one that cannot be read
      get then() {
        throw fault()
      },
    }),
    foreign: () => runInNewContext('Promise.reject(new Error(text))', { text: planted }),
  }
  return results[kind] as () => never
}

/** Both sides of a channel. */
export interface Ends {
  readonly opened: Channel<AnyMessages>
  readonly accepted: Channel<AnyMessages>
}

/** How a scene is set up. */
export interface SceneOptions {
  readonly accepting?: PipeOptions
  readonly opening?: PipeOptions
  readonly diagnostics?: Diagnostics
}

/** What fails from now on: a part by its name, and how. Several of one name fail alike. */
export interface Armed {
  readonly part: string
  readonly fail: () => never
}

/** Two pipes with two channels: to one of them a third party does harm, the other stands by. */
export class Scene {
  readonly rig: Rig
  readonly where: 'link' | 'local'
  accepting!: Pipe<AnyMessages>
  opening!: Pipe<AnyMessages>
  victim!: Ends
  bystander!: Ends
  /** Where else the planted fault was told: to a caller. */
  readonly caught: unknown[] = []
  /** Promises of the library that must settle. */
  readonly promises: Promise<unknown>[] = []
  armed: Armed | undefined
  #sessions = 0

  readonly #options: SceneOptions

  constructor(where: 'link' | 'local', options: SceneOptions) {
    this.where = where
    this.#options = options
    this.rig = new Rig({
      protocol: this.#protocol(),
      ...(options.diagnostics === undefined ? {} : { diagnostics: options.diagnostics }),
    })
  }

  /** Makes both pipes and both channels. */
  async open(): Promise<void> {
    const { rig } = this
    this.accepting = rig.pipe('server', this.#options.accepting)
    this.opening = rig.pipe('server', this.#options.opening)
    this.accepting.on('accepted', (_pipe, channel) => void channel.on('echo', (body: unknown) => body))
    await rig.until(this.accepting.bind())
    this.bystander = await this.connect()
    this.victim = await this.connect()
  }

  /** One more channel. */
  async connect(): Promise<Ends> {
    const { accepted: all } = this.rig.diary(this.accepting)
    const count = all.length
    const opened = await this.rig.until(this.join())
    opened.on('echo', (body: unknown) => body)
    await this.rig.loop.settle()
    return { opened, accepted: all[count] }
  }

  /** Opens one more channel, and doesn't wait. */
  join(): Promise<Channel<AnyMessages>> {
    return this.opening.open(this.where === 'local' ? 'local' : 'remote')
  }

  /** Lets time pass. */
  pass(ms = 500): Promise<void> {
    return this.rig.loop.advance(ms)
  }

  /** Runs what may tell its caller of the fault. */
  call(run: () => unknown): void {
    try {
      run()
    } catch (error) {
      this.caught.push(error)
    }
  }

  /** A promise that must settle, and may tell its caller of the fault. */
  expect(promise: Promise<unknown>): void {
    this.promises.push(promise.catch((error: unknown) => this.caught.push(error)))
  }

  /** How often the fault was told to `error`, how often the platform warned of it, and whether that, a close reason or a caller knows of it. */
  get told(): { readonly errors: number; readonly warnings: number; readonly elsewhere: boolean } {
    const diaries = [this.accepting, this.opening].map((pipe) => this.rig.diary(pipe))
    const errors = diaries.flatMap((diary) => diary.errors).filter(isPlanted).length
    const reasons = diaries.flatMap(({ closed }) => closed.map(({ reason }) => reason))
    const warnings = this.rig.network.warnings.filter(isPlanted).length
    const elsewhere = warnings > 0 || reasons.some(isPlantedReason) || this.caught.some(isPlanted)
    return { errors, warnings, elsewhere }
  }

  /** The protocol of the pipes: plain, with sessions and a codec that fail when they are armed. */
  #protocol(): Protocol<AnyMessages> {
    const inner = framed<AnyMessages>(this.#watched('codec', new PlainCodec() as Codec<AnyMessages>))
    return {
      ...inner,
      session: (host: SessionHost) => {
        if (this.armed?.part === 'session') this.armed.fail()
        return this.#watched(`session ${this.#sessions++}`, inner.session!(host))
      },
    }
  }

  #watched<Watched extends Session | Codec<AnyMessages>>(name: string, watched: Watched): Watched {
    return new Proxy(watched, {
      get: (target, property) => {
        const part = `${name}.${String(property)}`
        if (this.armed?.part === `${part} (read)`) return this.armed.fail()
        const value: unknown = Reflect.get(target, property, target)
        if (typeof value !== 'function') return value
        return (...values: unknown[]) =>
          this.armed?.part === part ? this.armed.fail() : Reflect.apply(value, target, values)
      },
    })
  }
}

/** What a program answers that is no answer: a promise that never settles, and values of no sense. */
export const quietKinds = ['never', 'nothing', 'number', 'object', 'settled twice'] as const

/** One of them. */
export type QuietKind = (typeof quietKinds)[number]

/** A function of a third party that answers in this way. */
export function answering(kind: QuietKind): () => never {
  const results: Record<QuietKind, () => unknown> = {
    never: () => new Promise(() => {}),
    nothing: () => null,
    number: () => Number.NaN,
    object: () => ({ code: 'none', text: Symbol('none') }),
    'settled twice': () => ({
      // biome-ignore lint/suspicious/noThenProperty: a thenable that answers at once, and twice
      then: (resolve: (value: unknown) => void, reject: (error: Error) => void) => {
        resolve(1)
        reject(new Error('too late'))
        resolve(true)
        throw new Error('later still')
      },
    }),
  }
  return results[kind] as () => never
}

/** A log that fails at one level. */
export function failingLog(level: keyof Log, fail: () => never): Log {
  const quiet = (): void => {}
  return { debug: quiet, info: quiet, warn: quiet, error: quiet, [level]: fail }
}

function isPlanted(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false
  const { message, cause } = error as Partial<MillraceError>
  return message?.includes(planted) === true || isPlanted(cause)
}

function isPlantedReason(reason: CloseReason): boolean {
  return describeReason(reason).includes(planted)
}
