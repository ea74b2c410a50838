/** The text `right` of a source, and what stands in its place. */
export interface Change {
  readonly file: string
  readonly right: string
  readonly wrong: string
}

/** A fault that the swarm must find. */
export interface PlantedFault extends Change {
  readonly name: string
  /** Where two guards stand behind each other, and either is enough, both are taken away. */
  readonly also?: Change
  /** What of the plans is said rather than drawn, for faults that few plans come near. */
  readonly options?: string
}

const datagram = 'packages/datagram/src'

/** Faults in the way of udp, and of channels: `node testkit/src/planted.ts`. */
export const plantedFaults: readonly PlantedFault[] = [
  {
    name: 'packets that came before are read again',
    file: `${datagram}/connection/connection.ts`,
    right: 'if (received.has(number)) {',
    wrong: 'if (number < 0) {',
  },
  {
    name: 'the numbers of packets read and sent are one',
    file: `${datagram}/connection/packet-cover.ts`,
    right: 'this.lastNumber = this.#nextPlain++',
    wrong: 'this.number = this.lastNumber = this.#nextPlain++',
  },
  {
    name: 'a nonce is used twice',
    file: 'packages/cipher/src/datagrams/datagram-records.ts',
    right: 'const { counterLow, counterHigh } = this.#send',
    wrong: 'const { counterHigh } = this.#send\n    const counterLow = this.#send.counterLow & ~1',
  },
  {
    name: 'the address of a peer is believed without a challenge',
    file: `${datagram}/connection/peer-path.ts`,
    right: 'if (this.#check?.isOver(now)) this.#check = undefined',
    wrong: 'this.host = host\n    this.port = port',
  },
  {
    name: 'challenges are sent without a bound',
    file: `${datagram}/connection/connection.ts`,
    right: 'if (check !== undefined)\n',
    wrong: 'for (let count = 0; check !== undefined && count < 30; count++)\n',
  },
  {
    name: 'a peer has a connection without a cookie',
    file: `${datagram}/connection/endpoint.ts`,
    right: 'if (!this.#cookies.isGood(bytes, restAt, address, asking, now)) {',
    wrong: 'if (version < 0) {',
  },
  {
    name: 'a cookie holds for any address',
    file: `${datagram}/connection/endpoint.ts`,
    right: 'const address = `',
    wrong: "const address = 'any' || `",
  },
  {
    name: 'credit is not returned',
    file: `${datagram}/connection/windows.ts`,
    right: '  isDue(): boolean {',
    wrong: '  isDue(): boolean {\n    if (this.#size > 0) return false',
    options: '--load heavy --transport udp --weather mild',
  },
  {
    name: 'a lost window is not told again',
    file: `${datagram}/connection/outcomes.ts`,
    right: 'else if (what === remembered.window) windows.lost(a)',
    wrong: '',
    options: '--transport udp --weather mild',
  },
  {
    name: 'what was lost of a lane is not sent again',
    file: `${datagram}/lanes/lane-sender.ts`,
    right: 'this.#lost.add(Math.max(from, this.ackedEnd), Math.min(to, this.sent))',
    wrong: 'this.#lost.add(Math.max(from, this.ackedEnd), Math.min(to, this.sent) - 1)',
  },
  {
    name: 'acks behind a gap close it',
    file: `${datagram}/lanes/lane-sender.ts`,
    right: 'if (from > this.ackedEnd) {',
    wrong: 'if (from > this.ackedEnd + 200) {',
  },
  {
    name: 'unordered messages are shown twice',
    file: `${datagram}/lanes/message-receiver.ts`,
    right: "if (id === taken) return 'seen'",
    wrong: '',
  },
  {
    name: 'the window of unordered messages is one off',
    file: `${datagram}/lanes/message-receiver.ts`,
    right: 'if (ahead > sequenceMask >>> 1) return taken',
    wrong: 'if (ahead > sequenceMask >>> 1 || ahead === 1) return taken',
  },
  {
    name: 'older sequenced messages are shown',
    file: `${datagram}/lanes/latest-sequences.ts`,
    right: 'return latest < 0 || isAhead(sequence, latest, this.#mask)',
    wrong: 'return latest < 0 || sequence !== latest',
  },
  {
    name: 'the latest value is not sent again',
    file: `${datagram}/lanes/newest-sender.ts`,
    right: '  lost(',
    wrong: '  lost(..._nothing: unknown[]): void {}\n  unused(',
  },
  {
    name: 'what is given up is told as arrived',
    file: `${datagram}/recovery/recovery.ts`,
    right: 'if (contents !== undefined) this.#owner.lost(contents, now)',
    wrong: 'if (contents !== undefined) this.#owner.acked(contents, now)',
  },
  {
    name: 'a packet is acknowledged that there was no room for, or the one behind the largest',
    file: `${datagram}/recovery/received-packets.ts`,
    right: 'if (number > largest) this.#largestAt = now',
    wrong:
      'if (number > largest) this.#largestAt = now\n    if (number % 64 === 63) this.#highs[this.#highs.length - 1] = number + 1',
  },
  {
    name: 'no probe leaves when all is silent',
    file: `${datagram}/connection/connection.ts`,
    right: "if (due === 'probe') this.out.probesDue = 2",
    wrong: '',
    options: '--transport udp',
  },
  {
    name: 'probes are as large as the path was',
    file: `${datagram}/connection/transmitter.ts`,
    right: '(isProbe ? packetSizeMin : mtu.size)',
    wrong: 'mtu.size',
    options: '--transport udp --weather mild',
  },
  {
    name: 'acks of a handshake count in their order alone',
    file: `${datagram}/connection/handshake-stream.ts`,
    right: '[...this.#ackedParts, { from, to }].sort(',
    wrong: '[...this.#ackedParts, ...(from <= this.#ackedEnd ? [{ from, to }] : [])].sort(',
  },
  {
    name: 'the memory of a lane is not given back',
    file: `${datagram}/lanes/lane-sender.ts`,
    right: 'for (const { block } of this.#chunks) this.#pool.give(block)\n    this.#chunks.length = 0',
    wrong: 'this.#chunks.length = 0',
  },
  {
    name: 'the socket stays open when its last connection is over',
    file: 'packages/transports/src/udp-socket.ts',
    right: 'if (this.#isListening || this.#endpoint.isAlive || this.#socket === undefined) return\n',
    wrong: 'if (this.#isListening || this.#endpoint.size >= 0 || this.#socket === undefined) return\n',
  },
  {
    name: 'a link is not told gone behind a handshake that failed',
    file: 'packages/core/src/encryption/sealed-packets.ts',
    right: 'if (this.#isGone) return',
    wrong: "if (this.#isGone || this.#state === 'over') return",
  },
  {
    name: 'messages leave before there are keys',
    file: 'packages/core/src/encryption/sealed-packets.ts',
    right: 'this.#held.push(batch)\n    return',
    wrong: 'return this.#link.send(batch, report)\n    return',
    also: {
      file: `${datagram}/connection/transmitter.ts`,
      right: "const mayCarry = how === 'sealed' || !cover.isSealing",
      wrong: 'const mayCarry = true',
    },
  },
  {
    name: 'the answer to a challenge waits for room',
    file: `${datagram}/connection/transmitter.ts`,
    right: 'this.response !== undefined && !may',
    wrong: 'this.response === null && !may',
    options: '--transport udp --weather mild',
  },
  {
    name: 'the answer to a challenge counts for nothing',
    file: `${datagram}/path/path-check.ts`,
    right: 'bytes[at + index] === byte)',
    wrong: 'bytes[at + index] === byte && index > 8)',
    options: '--transport udp',
  },
  {
    name: 'an address that was challenged is believed before it answers',
    file: `${datagram}/connection/peer-path.ts`,
    right: 'check.received(size)',
    wrong: 'check.received(size)\n    this.host = host\n    this.port = port',
  },
  {
    name: 'the congestion control is ignored, window and pacer',
    file: `${datagram}/recovery/recovery.ts`,
    right: 'Math.min(this.#capacity.window - this.#bytesInFlight, this.#pacer.available(now))',
    wrong: '1_000_000_000',
    options: '--transport udp',
  },
  {
    name: 'the pacer is ignored',
    file: `${datagram}/recovery/recovery.ts`,
    right: 'Math.min(this.#capacity.window - this.#bytesInFlight, this.#pacer.available(now))',
    wrong: 'this.#capacity.window - this.#bytesInFlight',
    options: '--transport udp',
  },
  {
    name: 'a budget is twice what may leave',
    file: `${datagram}/connection/machines.ts`,
    right: 'Math.min(this.recovery.room(now), burstMax * size)',
    wrong: 'Math.min(2 * this.recovery.room(now), burstMax * size)',
  },
  {
    name: 'the latest value is made before there is room',
    file: 'packages/core/src/channel/latest-values.ts',
    right: 'if (!this.#owner.hasRoom) return',
    wrong: '',
  },
  {
    name: 'a message is taken by a channel that is full',
    file: 'packages/core/src/link/link-sender.ts',
    right: 'if (this.#queue.isFull) return this.#overflowed(number, body, undefined)',
    wrong: '',
  },
  {
    name: 'of what left, a byte stays in the account',
    file: 'packages/core/src/link/send-queue.ts',
    right: 'this.#inFlight -= size\n    this.#settle()',
    wrong: 'this.#inFlight -= size - 1\n    this.#settle()',
  },
  {
    name: 'what a channel holds is not in the account',
    file: 'packages/core/src/channel/conversation.ts',
    right: 'if (bytes !== this.heldBytes && this.reason',
    wrong: 'if (bytes !== this.heldBytes && bytes < 300 && this.reason',
  },
  {
    name: 'a request is answered twice',
    file: 'packages/core/src/channel/conversation.ts',
    right: 'if (this.carrier.mayReply) this.carrier.sender.sendReply(id, number, body)',
    wrong: 'for (let count = 0; count < 2; count++) this.carrier.sender.sendReply(id, number, body)',
  },
  {
    name: 'a reply goes to the request that waits for longest',
    file: 'packages/core/src/channel/pending-requests.ts',
    right: 'this.#end(id)?.resolve(body)',
    wrong: 'this.#end([...this.#pending.keys()][0] ?? id)?.resolve(body)',
  },
  {
    name: 'an end is told to the pipe twice',
    file: 'packages/core/src/pipe/channel-registry.ts',
    right: 'this.#owner.closed(channel, reason)\n',
    wrong: 'this.#owner.closed(channel, reason)\n    this.#owner.closed(channel, reason)\n',
  },
  {
    name: 'the end of a connection overtakes what was said before',
    file: `${datagram}/connection/leaving.ts`,
    right: "this.#end !== 'wanted' || this.#machines.waitingBytes > 0",
    wrong: "this.#end !== 'wanted'",
    also: {
      file: `${datagram}/connection/frame-sorter.ts`,
      right: '|| !this.#isAllHeard()) return',
      wrong: ') return',
    },
  },
  {
    name: 'a peer is let in whatever authorise says',
    file: 'packages/core/src/encryption/link-handshake.ts',
    right: 'if (verdict !== true)',
    wrong: 'if (verdict === undefined)',
    options: '--encryption XX',
  },
  {
    name: 'a silent peer is never asked for a sign of life',
    file: 'packages/core/src/link/link-watchdog.ts',
    right: 'return owner.ping(this.#turns.now)',
    wrong: 'return',
  },
]
