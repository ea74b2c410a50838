/** A socket for datagrams, as the platform has it. One address may talk to any number of peers through it. */
export interface PacketSocket {
  /** The address it is bound to, as it was asked for: an IP address, or `0.0.0.0` or `::` for any of this machine. */
  readonly host: string
  /** The port it is bound to, from 1: the one that the system chose, if it was asked for 0. */
  readonly port: number
  /**
   * Sends `bytes` from index `from` up to, not including, `to` as one datagram. It is copied or gone when the call returns, and may be lost in silence.
   * Never throws for what the network does: errors of the system, such as ENOBUFS or an ICMP answer, are told by `failed`, or not at all.
   * `host`: an IP address; see `PacketNetwork.resolve` for names.
   */
  send(bytes: Uint8Array, from: number, to: number, port: number, host: string): void
  /** Resolves when the port is free again. Nothing is told after the call. */
  close(): Promise<void>
}

/** What a datagram socket of the platform tells. Called from the platform's events, never from inside a call to the socket. */
export interface PacketOwner {
  /** A datagram came from there. The bytes are the owner's during the call only (`lent`). */
  received(bytes: Uint8Array, host: string, port: number): void
  /** The socket goes on, but something went wrong. */
  failed(error: unknown): void
}

/** Where a socket is opened. */
export interface PacketPlace {
  readonly host: string
  readonly port: number
  /** The only one that it will talk to, if that is known: the system may then tell by `failed` that nothing listens there, with the code `ECONNREFUSED`. */
  readonly peer?: { readonly host: string; readonly port: number } | undefined
}

/** The datagrams of a platform: node:dgram is one, the simulated network of the tests another. */
export interface PacketNetwork {
  /** Opens a socket. Port 0: any that is free. Rejects with the system's error, such as that with the code `EADDRINUSE`. */
  open(where: PacketPlace, owner: PacketOwner): Promise<PacketSocket>
  /** The IP address of a host by its name; an address as it is. Rejects with the system's error, such as that with the code `ENOTFOUND`. */
  resolve(host: string): Promise<string>
}
