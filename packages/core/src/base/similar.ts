/**
 * The known word that a wrong one was probably meant to be: at most one letter missing, added, wrong or swapped with its neighbour, or
 * two in words of five letters and more. For error texts.
 */
export function similar(wrong: string, known: Iterable<string>): string | undefined {
  let best: string | undefined
  let bestDistance = wrong.length < 5 ? 2 : 3
  for (const word of known) {
    const distance = distanceOf(wrong, word)
    if (distance >= bestDistance) continue
    best = word
    bestDistance = distance
  }
  return best
}

/** How many letters must be added, removed, changed or swapped with their neighbour. */
function distanceOf(one: string, other: string): number {
  let before: number[] = []
  let last = Array.from({ length: other.length + 1 }, (_, column) => column)
  for (let row = 1; row <= one.length; row++) {
    const next = [row]
    for (let column = 1; column <= other.length; column++) {
      const change = one[row - 1] === other[column - 1] ? 0 : 1
      let least = Math.min(last[column] + 1, next[column - 1] + 1, last[column - 1] + change)
      const isSwapped = one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1]
      if (row > 1 && column > 1 && isSwapped) least = Math.min(least, before[column - 2] + 1)
      next.push(least)
    }
    before = last
    last = next
  }
  return last[other.length]
}
