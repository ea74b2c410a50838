import { describe, expect, it } from 'vitest'
import {
  align,
  array,
  base,
  bits,
  bool,
  compact,
  enumeration,
  f32,
  fixedArray,
  growable,
  optional,
  range,
  rangeFloat,
  Source,
  struct,
  text,
  u8,
  u16,
  u32,
  u64,
} from '../index.ts'

const player = struct({
  id: u32,
  position: { x: f32, y: f32 },
  team: enumeration(['red', 'blue']),
  alive: bool,
  flags: bits(
    struct({
      crouched: bool,
      aim: range(u16, 0, 999),
      _1: align,
      turn: rangeFloat(f32, -4, 4, { bits: 12 }),
    }),
  ),
  ammo: fixedArray(u16, 3),
  session: u64,
  name: text(16),
})

const value = {
  id: 7,
  position: { x: 1.5, y: -2 },
  team: 'blue' as const,
  alive: true,
  flags: { crouched: true, aim: 777, turn: 0 },
  ammo: [1, 2, 300],
  session: 9n,
  name: 'Fluffy',
}

describe.each(['compiled', 'interpreted'] as const)('a view, %s', (backend) => {
  const schema = player.with({ backend, name: 'player' })
  const bytes = Buffer.concat([Buffer.alloc(3), schema.encode(value)])

  it('reads each field in place, the last one of any size', () => {
    const view = schema.view(bytes, 3)
    expect(view.id).toBe(7)
    expect([view.position.x, view.position.y]).toEqual([1.5, -2])
    expect([view.team, view.alive, view.session, view.name]).toEqual(['blue', true, 9n, 'Fluffy'])
    expect([...view.ammo]).toEqual([1, 2, 300])
    expect([view.flags.crouched, view.flags.aim]).toEqual([true, 777])
    expect(view.flags.turn).toBeCloseTo(0, 2)
  })

  it('sees the same as decode, field by field, in both byte orders', () => {
    for (const byteOrder of ['little', 'big'] as const) {
      const ordered = schema.with({ byteOrder })
      const encoded = ordered.encode(value)
      const decoded = ordered.decode(encoded)
      const view = ordered.view(encoded)
      if (!decoded.ok) throw new Error(decoded.error)
      expect({ ...decoded.value, position: null, flags: null }).toEqual({
        id: view.id,
        position: null,
        team: view.team,
        alive: view.alive,
        flags: null,
        ammo: view.ammo,
        session: view.session,
        name: view.name,
      })
      expect(view.flags.turn).toBe(decoded.value.flags.turn)
      expect(view.position.y).toBe(decoded.value.position.y)
    }
  })

  it('moves instead of being made anew, nested views with it', () => {
    const other = Buffer.concat([
      schema.encode({ ...value, id: 8, position: { x: 9, y: 9 } }),
      Buffer.alloc(2),
    ])
    const source = new Source(other)
    const view = schema.view(bytes, 3)
    const position = view.position
    expect(schema.view(source, 0, view)).toBe(view)
    expect([view.id, position.x]).toEqual([8, 9])
    expect(schema.view(bytes, 3, view).id).toBe(7)
    expect(() => schema.view(bytes, 3, player.view(bytes, 3))).toThrow('a view of the same schema')
  })

  it('sees bytes change, as it borrows them', () => {
    const copy = Uint8Array.from(bytes.subarray(3))
    const view = schema.view(copy)
    copy[0] = 99
    expect(view.id).toBe(99)
  })

  it('throws for the field with wrong bytes, and for no other', () => {
    const copy = Uint8Array.from(bytes.subarray(3))
    copy[12] = 9
    copy[13] = 2
    const view = schema.view(copy)
    expect(() => view.team).toThrow('player.team: wanted bytes of a valid value, got InvalidData')
    expect(() => view.alive).toThrow('player.alive')
    expect(view.id).toBe(7)
    const cut = schema.view(copy.subarray(0, -1))
    expect(() => cut.name).toThrow('player.name: wanted bytes of a valid value, got DataOverflow')
  })

  it('refuses bytes that are too few and offsets that are none', () => {
    expect(() => schema.view(bytes.subarray(0, 10))).toThrow('wanted 32 bytes from the offset on, got 10')
    expect(() => schema.view(bytes, -1)).toThrow('from -1 on')
    expect(() => schema.view(bytes, 1.5)).toThrow('from 1.5 on')
  })

  it('is for structs with fixed offsets', () => {
    const list = struct({ a: text(3), b: u8 }).with({ backend })
    expect(() => list.view(Uint8Array.of(0, 0))).toThrow('"b" lies behind "a", which varies in size')
    expect(() => array(u8, 3).with({ backend }).view(Uint8Array.of(0))).toThrow('a struct to view, got array')
  })

  it('reads what says itself where it ends, as the last field', () => {
    const last = struct({ a: u8, b: compact(u32) }).with({ backend })
    expect(last.view(Uint8Array.of(1, 0xac, 2)).b).toBe(300)
    const grown = struct({ a: u8, b: growable({ c: u16, d: optional(u8) }) }).with({ backend })
    expect(grown.view(grown.encode({ a: 1, b: { c: 513, d: 7 } })).b).toEqual({ c: 513, d: 7 })
    const older = struct({ a: u8, b: growable({ c: u16 }) })
    expect(grown.view(older.encode({ a: 1, b: { c: 5 } })).b).toEqual({ c: 5, d: undefined })
    const behind = struct({ a: growable({ c: u16 }), b: u8 }).with({ backend })
    expect(() => behind.view(Uint8Array.of(6, 0, 0, 0, 1, 0, 9))).toThrow(
      '"b" lies behind "a", which varies in size',
    )
    expect(() => grown.view(Uint8Array.of(1, 3, 0, 0, 0, 1, 2, 0)).b).toThrow(
      'b: wanted bytes of a valid value',
    )
  })

  it('goes into bases and into bit packing as a whole', () => {
    const derived = bits(struct({ base: base(struct({ a: bool, b: range(u8, 0, 30) })), c: u16 })).with({
      backend,
    })
    const view = derived.view(derived.encode({ base: { a: true, b: 29 }, c: 4660 }))
    expect([view.base.a, view.base.b, view.c]).toEqual([true, 29, 4660])
  })
})
