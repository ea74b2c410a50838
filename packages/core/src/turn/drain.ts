/**
 * Takes out of a list all that is in it now, in order, and runs each. What is added meanwhile stays, and when one throws, so do those behind
 * it.
 */
export function drain<Item>(list: Item[], run: (item: Item, now: number) => void, now: number): void {
  const { length } = list
  let index = 0
  try {
    while (index < length) run(list[index++], now)
  } finally {
    if (index === list.length) list.length = 0
    else list.splice(0, index)
  }
}
