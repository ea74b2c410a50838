import { connect } from 'node:net'
import {
  type Address,
  type CancelSignal,
  type Link,
  type Listener,
  type ListenerOwner,
  MillraceError,
  type StreamTransport,
  type TransportPlugin,
} from '@millrace/core'
import { readInto } from './read-buffer.ts'
import { bindSocketFile } from './socket-file.ts'
import { SocketLink } from './socket-link.ts'
import { closeServer, connected, listening, serverFor } from './stream-server.ts'

/** What an address of `ipc` is made of. */
export interface IpcFields {
  /** A path of the file system, or a named pipe of Windows. */
  readonly path: string
}

/** Where an ipc pipe binds or opens: `ipc:///tmp/game.sock`. The path stands in it as it is, nothing is escaped. */
export interface IpcAddress extends Address, IpcFields {}

/** The longest path of a unix socket that every system takes, in bytes. */
const pathSizeMax = 103

/** The transport `ipc`: unix sockets, and named pipes on Windows. `protoFactory.add('ipc', ipc())`. */
export function ipc(): TransportPlugin<IpcFields, [path: string]> {
  return {
    kind: 'transport',
    identity: () => 'ipc',
    addressFields: ['path'],
    address: (name, { path }) => ipcAddress(name, path),
    parse: ipcAddress,
    matches: (wanted, bound) => wanted.text === bound.text,
    create: () => new Ipc(),
  }
}

/** The ipc settings of one pipe: `pipe.getProto().as(Ipc)`. */
export class Ipc implements StreamTransport {
  readonly carries = 'bytes'
  #access: 'owner' | 'everyone' = 'owner'

  /**
   * Who may open channels: the user that runs this process (`owner`, the default), or everyone on the machine. The umask
   * changes nothing about it. Set it before `bind`.
   */
  setAccess(access: 'owner' | 'everyone'): this {
    this.#access = access
    return this
  }

  async listen(address: Address, owner: ListenerOwner): Promise<Listener> {
    const { path } = address as IpcAddress
    const server = serverFor(owner, (socket) => new SocketLink(socket, address.text))
    const isOpen = this.#access === 'everyone'
    if (process.platform === 'win32') {
      await listening(server, { path, readableAll: isOpen, writableAll: isOpen }, owner)
      return { address, close: () => closeServer(server) }
    }
    const file = await bindSocketFile(server, path, isOpen ? 0o666 : 0o600, owner)
    return { address, close: () => file.close() }
  }

  async connect(address: Address, signal?: CancelSignal): Promise<Link> {
    let link: SocketLink | undefined
    const onread = readInto((bytes) => link?.read(bytes))
    const socket = connect({ path: (address as IpcAddress).path, allowHalfOpen: true, onread })
    await connected(socket, signal)
    link = new SocketLink(socket, address.text)
    return link
  }
}

function ipcAddress(name: string, path: unknown): IpcAddress {
  if (typeof path !== 'string' || path === '' || path.includes('\0')) {
    throw new MillraceError(
      'address-invalid',
      `${name} wants a path, such as '/tmp/game.sock'; got ${String(path)}`,
    )
  }
  const isNamedPipe = process.platform === 'win32'
  if (isNamedPipe && !/^\\\\[.?]\\pipe\\/.test(path)) {
    throw new MillraceError(
      'address-invalid',
      `${name} wants a named pipe, such as '\\\\.\\pipe\\game'; got ${path}`,
    )
  }
  if (!isNamedPipe && Buffer.byteLength(path) > pathSizeMax) {
    const text = `${name} wants a path of at most ${pathSizeMax} bytes; got ${Buffer.byteLength(path)}: ${path}`
    throw new MillraceError('address-invalid', text)
  }
  return { path, text: `${name}://${path}` }
}
