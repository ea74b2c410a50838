/** What a map is read into: own properties only, nothing inherited, not even `toString`. */
export type MapRecord = Record<string, unknown>

/** The prototype of every map read: without names, without a prototype of its own, and frozen. */
export const mapRecordPrototype: object = Object.freeze(Object.create(null) as object)

function Empty() {}
Empty.prototype = mapRecordPrototype

/**
 * Makes an empty map record. `Object.create(null)` would be the plain spelling, but V8 keeps such objects as hash
 * tables: filling one takes about 2.5 times as long, and every later read is slower too. An instance of a constructor
 * with an empty prototype has hidden classes and inherits as little.
 */
export const MapRecordConstructor = Empty as unknown as new () => MapRecord

function ForEver() {}
ForEver.prototype = mapRecordPrototype

/** Makes a map record that stays empty: V8 gives each of a constructor's objects the room that its first ones needed. */
export const EmptyRecordConstructor = ForEver as unknown as new () => MapRecord
