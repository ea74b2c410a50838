/** An error as the system makes them: `code` is such as `ECONNREFUSED`. */
export function systemError(code: string, text: string): Error {
  return Object.assign(new Error(`${code}: ${text}`), { code })
}
