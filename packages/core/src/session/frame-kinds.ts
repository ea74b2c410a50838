import { codeMessageEnd, frameCode } from '@millrace/wire'

/** What a frame takes of the allowance at least: a thousand empty ones are a budget too. */
const frameCostMin = 60

/** Marks the code of a held request that came too often: it is not to be delivered, but its fault has to wait for room. */
export const isRefused = 0x100

/** By code, 1 for frames that need only be decoded and delivered: here, none. */
export const nothingPlain = new Uint8Array(256)

/** What a frame with a body of this size takes of the allowance of a turn. */
export function frameCost(bodySize: number): number {
  return Math.max(bodySize, frameCostMin)
}

/** Whether a frame is a message or a request. */
function isCall(code: number): boolean {
  return code < codeMessageEnd || calls.has(code)
}

/** Whether a frame waits when messages must: a message, a request, a goodbye. */
export function isWaiting(code: number): boolean {
  return code === frameCode.close || isCall(code)
}

/** Whether a frame says something to the program: between the steps of a cipher it was put in on the way. */
export function isSaying(code: number): boolean {
  return isCall(code) || code === frameCode.reply || code === frameCode.fault
}

/** Why such a frame ends the channel. */
export const saidInClear = 'something was said in clear behind the first step of the encryption'

/** The codes from 128 on. */
const calls: ReadonlySet<number> = new Set([
  frameCode.message,
  frameCode.namedMessage,
  frameCode.request,
  frameCode.namedRequest,
])
