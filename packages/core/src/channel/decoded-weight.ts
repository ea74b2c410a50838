/**
 * What a decoded message costs in memory, in bytes, by the size of its frame: objects are larger than the bytes they are made of, up to 64 times
 * for the smallest values. An honest mean; limits of what waits are kept in this unit.
 */
export function decodedWeight(frameSize: number): number {
  return 64 + 4 * frameSize
}
