import { MillraceError, type PipeLimits } from 'millrace'

/** What is accepted from a peer. Sizes in bytes. More than that ends the channel with a protocol error. */
export interface RespLimits {
  /** One bulk string. Default: the pipe's `messageSizeMax`. */
  readonly bulkSizeMax: number
  /** One command or reply with all its parts. Default: the pipe's `messageSizeMax`. */
  readonly messageSizeMax: number
  /** Arguments of a command, and elements of one array, map or set. Default 65,536. */
  readonly elementCountMax: number
  /** A line: an inline command, a simple string, an error. Default 65,536. */
  readonly lineSizeMax: number
  /** Arrays in arrays, in a reply. Default 16. Commands don't nest. */
  readonly depthMax: number
  /** Commands without an answer; then the next ones wait. Default, and at most, the pipe's `maxRequests`. */
  readonly unansweredMax: number
}

/** Completes limits with the defaults, once. Throws `argument-invalid` for what is no positive whole number. */
export function parseRespLimits(options: Partial<RespLimits>, pipe: PipeLimits): RespLimits {
  const messageSizeMax = options.messageSizeMax ?? pipe.messageSizeMax
  const limits = {
    bulkSizeMax: options.bulkSizeMax ?? messageSizeMax,
    messageSizeMax,
    elementCountMax: options.elementCountMax ?? 65_536,
    lineSizeMax: options.lineSizeMax ?? 65_536,
    depthMax: options.depthMax ?? 16,
    unansweredMax: Math.min(options.unansweredMax ?? pipe.maxRequests, pipe.maxRequests),
  }
  for (const [name, value] of Object.entries(limits)) {
    if (Number.isSafeInteger(value) && value > 0) continue
    throw new MillraceError('argument-invalid', `resp: ${name} is a whole number from 1; got ${value}`)
  }
  return limits
}
