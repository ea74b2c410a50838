/** Why a connection ended before its time. No stack is of use: it ends in the same place each time. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError'
  /** `violation`: the peer broke the rules of packets. `silent`: it acknowledged nothing for too long. `exhausted`: a number, key or lane was used up. */
  readonly code: 'violation' | 'silent' | 'exhausted'

  constructor(code: ConnectionError['code'], text: string) {
    super(text)
    this.code = code
  }
}
