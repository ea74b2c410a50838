/** What a row protects its bytes with: nothing, Millrace's encryption by a shared key or by identities (`XX`), or node:tls below a plain channel. */
export type Protection =
  | 'none'
  | 'chacha20-poly1305'
  | 'aes-256-gcm'
  | 'XX'
  | 'tls chacha20-poly1305'
  | 'tls aes-256-gcm'

/** The shared key of both processes. It protects nothing but a bench. */
export const benchKey = Uint8Array.from({ length: 32 }, (_, index) => index * 7 + 1)

/** Suites of TLS 1.2 with a pre-shared key: Node has none with one for TLS 1.3. Their records are sealed in the same way. */
export const tlsCiphers = {
  'tls chacha20-poly1305': 'ECDHE-PSK-CHACHA20-POLY1305',
  'tls aes-256-gcm': 'DHE-PSK-AES256-GCM-SHA384',
} as const
