/** Counts, in compiled code, the memory of elements that may take more than half of what their bytes allow. The other half is the rest's. */
export class MemoryBudget {
  /** How much is left in the read at hand: readers call no code but their own, so one is enough. */
  left = 0
  /** How much each byte allows. */
  readonly perByte: number
  /** Whether the code charges anything. */
  isUsed = false

  constructor(memoryPerByteMax: number) {
    this.perByte = memoryPerByteMax / 2
  }

  /** The same for a bit. */
  get perBit(): number {
    return this.perByte / 8
  }
}

/** What this needs of the emitter of a reader. */
interface Charged {
  readonly budget: MemoryBudget
  giveUpIf(condition: string): void
  constant(value: unknown): string
}

/** Appends code that gives up when `each` bytes of memory for each of so many (a number or an expression) are too many: the reference then counts exactly. */
export function chargeMemory(emitter: Charged, each: number, count: string): void {
  if (each <= 0) return
  emitter.budget.isUsed = true
  emitter.giveUpIf(`(${emitter.constant(emitter.budget)}.left -= ${count} * ${each}) < 0`)
}

/** The line that begins a read of so many bytes (an expression), if one is needed. */
export function budgetLine(emitter: Charged, size: string, free: number): string {
  const { budget } = emitter
  return budget.isUsed ? `${emitter.constant(budget)}.left = ${free} + ${budget.perByte} * (${size})` : ''
}
