import { MsgpackError } from './msgpack-error.ts'

/** What maps and timestamps become when they are read. The writer refuses what would then be refused. */
export interface MsgpackForms {
  /**
   * What a map becomes: `object` (default) has own properties only, inherits nothing, and takes text keys only;
   * `map` is a `Map`, which also takes numbers, booleans and nil as keys.
   */
  readonly maps?: 'object' | 'map'
  /**
   * What a timestamp becomes: a `Date` (default, rounded down to the millisecond, nothing outside its range) or a
   * `MsgpackTimestamp`.
   */
  readonly timestamps?: 'date' | 'exact'
}

/** Completes what maps and timestamps become. Throws `bad-option` for a word that is none of theirs. */
export function completeForms({
  maps = 'object',
  timestamps = 'date',
}: MsgpackForms): Required<MsgpackForms> {
  if (maps !== 'object' && maps !== 'map') {
    throw new MsgpackError('bad-option', { detail: `maps is ${String(maps)}, must be 'object' or 'map'` })
  }
  if (timestamps !== 'date' && timestamps !== 'exact') {
    const detail = `timestamps is ${String(timestamps)}, must be 'date' or 'exact'`
    throw new MsgpackError('bad-option', { detail })
  }
  return { maps, timestamps }
}
