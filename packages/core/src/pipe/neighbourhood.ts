/** A part of the network that an address lies in. */
export interface Neighbourhood {
  /** Names it. */
  readonly key: string
  /** How many subscribers are taken to share it: it may do as much as so many addresses before it counts as much as one. */
  readonly share: number
}

/**
 * The neighbourhoods of an address, from the least to the widest: an IPv4 address with its /24 and /16; of IPv6 the /64, which is the least that a
 * subscriber has, with the /56 and /48, of which one may have all. IPv4 addresses are found in their IPv6 forms too: mapped (`::ffff:0:0/96`) and
 * translated by NAT64 (`64:ff9b::/96`, RFC 6052). What is no IP address is one neighbourhood by itself.
 */
export function neighbourhoods(address: string): readonly Neighbourhood[] {
  if (!address.includes(':')) return ofIPv4(address)
  const groups = groupsOf(address)
  if (groups === undefined) return [{ key: address, share: 1 }]
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff
  const isTranslated =
    groups[0] === 0x64 && groups[1] === 0xff9b && groups.slice(2, 6).every((group) => group === 0)
  if (isMapped || isTranslated) {
    const [, , , , , , high, low] = groups
    return ofIPv4(`${high >> 8}.${high & 0xff}.${low >> 8}.${low & 0xff}`)
  }
  const [first, second, third, fourth] = groups.map((group) => group.toString(16))
  const site = `${first}:${second}:${third}`
  return [
    { key: `${site}:${fourth}`, share: 1 },
    { key: `${site}:${(groups[3] >> 8).toString(16)}/56`, share: 2 },
    { key: `${site}/48`, share: 4 },
  ]
}

function ofIPv4(address: string): readonly Neighbourhood[] {
  const network = address.slice(0, Math.max(0, address.lastIndexOf('.')))
  const wider = network.slice(0, Math.max(0, network.lastIndexOf('.')))
  if (wider === '') return [{ key: address, share: 1 }]
  return [
    { key: address, share: 1 },
    { key: `${network}/24`, share: 16 },
    { key: `${wider}/16`, share: 256 },
  ]
}

/** The eight groups of an IPv6 address; undefined if it is none. */
function groupsOf(address: string): readonly number[] | undefined {
  const [head, tail, ...more] = address.split('%')[0].split('::')
  const upper = groupsIn(head)
  const lower = groupsIn(tail ?? '')
  const missing = 8 - upper.length - lower.length
  if (more.length > 0 || missing < 0 || (tail === undefined && missing > 0)) return undefined
  const groups = [...upper, ...new Array<number>(missing).fill(0), ...lower]
  return groups.every((group) => group >= 0 && group <= 0xffff) ? groups : undefined
}

/** Groups of hexadecimal digits, of which the last two may be written as an IPv4 address. */
function groupsIn(text: string): readonly number[] {
  if (text === '') return []
  return text.split(':').flatMap((group) => {
    const bytes = /^(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(group)?.slice(1).map(Number)
    if (bytes !== undefined) return [bytes[0] * 256 + bytes[1], bytes[2] * 256 + bytes[3]]
    return [/^[0-9a-f]{1,4}$/i.test(group) ? Number.parseInt(group, 16) : -1]
  })
}
