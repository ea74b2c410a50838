import { createHash, randomBytes } from 'node:crypto'
import { lstat, mkdir, readdir, rm, rmdir, unlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { MillraceError } from '@millrace/core'

/** The longest path that a socket can be bound to on this system, in bytes. */
export const pathSizeMax = process.platform === 'linux' ? 107 : 103

/** More characters than this make no name safer. */
const nameSizeMax = 8

/** So many names are tried before the folder counts as full of them. */
const attemptsMax = 100

/**
 * A folder that only this user may enter, beside a path. What is made in it gets its rights before others see it: they
 * see it when it is linked to a path outside.
 *
 * Names are as short as the path demands: the longest path of an address leaves room on Linux for whatever name it
 * ends in; elsewhere its own name must have 5 bytes.
 */
export class PrivateFolder {
  readonly #path: string

  private constructor(path: string) {
    this.#path = path
  }

  /** Makes one that is this caller's alone, beside `path`. */
  static async make(path: string): Promise<PrivateFolder> {
    const size = nameSize(path, 2)
    for (let attempt = 1; attempt <= attemptsMax; attempt++) {
      const folder = folderPath(path, randomBytes(nameSizeMax), size)
      if ((await makeFolder(folder, path)) === 'made') return new PrivateFolder(folder)
    }
    throw listenFailed(path, `${dirname(path)} is full of folders that killed processes left; remove them`)
  }

  /** Makes or finds the one that all callers with this path share. Sockets in it are named `socketName`. */
  static async share(path: string, socketName: string): Promise<PrivateFolder> {
    const size = nameSize(path, 4, socketName)
    const folder = folderPath(path, createHash('sha256').update(path).digest(), size)
    for (let attempt = 1; attempt <= attemptsMax; attempt++) {
      if ((await makeFolder(folder, path)) === 'made') return new PrivateFolder(folder)
      const found = await lstat(folder).catch(() => undefined)
      // Another one that shares it may have removed it meanwhile.
      if (found === undefined) continue
      const isOwn = found.uid === process.geteuid?.() && (found.mode & 0o170777) === 0o040700
      if (isOwn) return new PrivateFolder(folder)
      break
    }
    throw listenFailed(
      path,
      `${folder} must be a folder that this user alone may enter; remove what is there`,
    )
  }

  /** The path of something in this folder. */
  at(name: string): string {
    return join(this.#path, name)
  }

  /** The names of all that is in it. */
  async names(): Promise<string[]> {
    return await readdir(this.#path).catch(() => [])
  }

  /** Puts something into a shared folder, so that no other caller removes it as empty. `gone`: that has happened already. */
  async mark(name: string): Promise<'marked' | 'gone'> {
    try {
      await writeFile(this.at(name), '', { flag: 'wx' })
      return 'marked'
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'gone'
      throw error
    }
  }

  async unmark(name: string): Promise<void> {
    await unlink(this.at(name)).catch(() => undefined)
  }

  /** Removes the folder if there is nothing in it. */
  async removeEmpty(): Promise<void> {
    await rmdir(this.#path).catch(() => undefined)
  }

  /** Removes the folder and all in it. */
  async remove(): Promise<void> {
    await rm(this.#path, { recursive: true, force: true })
  }
}

/** Characters that the name of a folder may have beside `path`, so that sockets can be bound in it. */
function nameSize(path: string, sizeMin: number, socketName = 's'): number {
  const size = pathSizeMax - Buffer.byteLength(join(dirname(path), socketName)) - './'.length
  if (size >= sizeMin) return Math.min(size, nameSizeMax)
  const text = `cannot bind ${path}: its folder has so long a name that its own must have ${sizeMin - size} bytes more`
  throw new MillraceError('address-invalid', text)
}

function folderPath(path: string, name: Uint8Array, size: number): string {
  return join(dirname(path), `.${Buffer.from(name).toString('base64url').slice(0, size)}`)
}

async function makeFolder(folder: string, path: string): Promise<'made' | 'there'> {
  try {
    await mkdir(folder, { mode: 0o700 })
    return 'made'
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return 'there'
    const text = code === 'ENOENT' ? `the folder ${dirname(path)} does not exist` : message
    throw listenFailed(path, text, error)
  }
}

function listenFailed(path: string, text: string, cause?: unknown): MillraceError {
  return new MillraceError('listen-failed', `cannot bind ${path}: ${text}`, { cause })
}
