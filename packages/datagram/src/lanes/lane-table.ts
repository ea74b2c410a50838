/** No lane has anything yet: one array for all connections. */
export const noLanes: readonly never[] = []

/** The lane of this number in a table; undefined if it has none. */
export function laneOf<Lane>(table: readonly (Lane | undefined)[], number: number): Lane | undefined {
  return number < table.length ? table[number] : undefined
}

/** A table with one lane more, as long as its highest number asks: most connections use the first lane and no other. */
export function withLane<Lane>(
  table: readonly (Lane | undefined)[],
  number: number,
  lane: Lane,
): readonly (Lane | undefined)[] {
  const longer = new Array<Lane | undefined>(Math.max(table.length, number + 1)).fill(undefined)
  for (let index = 0; index < table.length; index++) longer[index] = table[index]
  longer[number] = lane
  return longer
}
