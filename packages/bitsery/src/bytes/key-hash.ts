const memory = /* @__PURE__ */ new ArrayBuffer(8)
const doubles = /* @__PURE__ */ new Float64Array(memory)
const bigs = /* @__PURE__ */ new BigUint64Array(memory)
const words = /* @__PURE__ */ new Uint32Array(memory)

/** Which of the two words of a double is the low one, here. */
const LOW = /* @__PURE__ */ lowWord()

/**
 * The hash that V8 gives a number as a key of a Map or a Set (`Object::GetSimpleHash`, the same in Node 20, 22 and 24). It has no seed,
 * so a peer can compute keys that share it; its low bits choose the bucket. Whole numbers of 32 bits go by `ComputeUnseededHash`, other
 * numbers by the 64 bits of the double, bigints by their low 64 bits without the sign, both through `ComputeLongHash`.
 */
export function keyHash(key: number | bigint): number {
  if (typeof key === 'number') {
    if ((key | 0) === key) return hash32(key)
    doubles[0] = key
  } else {
    bigs[0] = key
    if (words[1 - LOW] > 0x7fff_ffff && key < 0n) bigs[0] = -key
  }
  return hash64(words[LOW], words[1 - LOW])
}

function lowWord(): 0 | 1 {
  return new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? 0 : 1
}

function hash32(key: number): number {
  let hash = (~key + (key << 15)) | 0
  hash ^= hash >>> 12
  hash = (hash + (hash << 2)) | 0
  hash ^= hash >>> 4
  hash = Math.imul(hash, 2057)
  return hash ^ (hash >>> 16)
}

/** The low bits of `ComputeLongHash`, by halves: `h = ~k + (k << 18); h ^= h >> 31; h *= 21; h ^= h >> 11; h += h << 6; h ^= h >> 22`. */
function hash64(keyLow: number, keyHigh: number): number {
  let sum = (~keyLow >>> 0) + ((keyLow << 18) >>> 0)
  let low = sum | 0
  let high = (~keyHigh + ((keyHigh << 18) | (keyLow >>> 14)) + carryOf(sum)) | 0
  low ^= (low >>> 31) | (high << 1)
  high ^= high >>> 31
  sum = (low >>> 0) * 21
  low = sum | 0
  high = (Math.imul(high, 21) + ((sum / 0x1_0000_0000) | 0)) | 0
  low ^= (low >>> 11) | (high << 21)
  high ^= high >>> 11
  sum = (low >>> 0) + ((low << 6) >>> 0)
  high = (high + ((high << 6) | (low >>> 26)) + carryOf(sum)) | 0
  low = sum | 0
  return low ^ ((low >>> 22) | (high << 10))
}

function carryOf(sum: number): number {
  return sum > 0xffff_ffff ? 1 : 0
}
