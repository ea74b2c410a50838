import { Ipc, type IpcAddress, ipc } from '@millrace/transports/ipc'
import { Tcp, type TcpAddress, tcp } from '@millrace/transports/tcp'
import { systemError } from '../base/system-error.ts'
import { loopback } from '../net/network.ts'
import type { TcpStack } from './tcp-stack.ts'

/**
 * The transport `tcp` of a host: the addresses are those of the real one, which reads them, and hosts are reached by their names, too. A pipe has its
 * settings by `as(Tcp)`, so that programs run as they are; they change nothing here.
 */
export function simulatedTcp(stack: TcpStack): ReturnType<typeof tcp> {
  return {
    ...tcp(),
    create: () =>
      Object.assign(new Tcp(), {
        listen: async (address: TcpAddress, owner: Parameters<Tcp['listen']>[1]) => {
          const { host } = address
          const { port, close } = await stack.listen(host, address.port, owner)
          return { address: { host, port, text: address.text.replace(/\d+$/, String(port)) }, close }
        },
        connect: ({ host, port }: TcpAddress, signal: Parameters<Tcp['connect']>[1]) =>
          stack.connect(host, port, signal),
      }),
  }
}

/** The transport `ipc` of a host: paths that only its own pipes find. There are no files behind them, and no rights. */
export function simulatedIpc(stack: TcpStack): ReturnType<typeof ipc> {
  return {
    ...ipc(),
    create: () =>
      Object.assign(new Ipc(), {
        listen: async (address: IpcAddress, owner: Parameters<Ipc['listen']>[1]) => {
          const { path } = address
          if (stack.paths.has(path)) throw systemError('EADDRINUSE', `listen ${address.text}`)
          // Taken at once: another pipe may ask before the port is there.
          stack.paths.set(path, 0)
          try {
            const { port, close } = await stack.listen(loopback, 0, owner)
            stack.paths.set(path, port)
            return {
              address,
              close: () => {
                stack.paths.delete(path)
                return close()
              },
            }
          } catch (error) {
            stack.paths.delete(path)
            throw error
          }
        },
        connect: async ({ path, text }: IpcAddress, signal: Parameters<Ipc['connect']>[1]) => {
          const port = stack.paths.get(path)
          if (port === undefined || port === 0) throw systemError('ENOENT', `connect ${text}`)
          return await stack.connect(loopback, port, signal)
        },
      }),
  }
}
