import { TAG_SIZE } from '../base/primitives.ts'

/**
 * What a stream consists of. Numbers are little-endian, as in all of Millrace's frames.
 *
 *     0        2                            0        2
 *     +--------+---------------------+      +--------+----------+
 *     | size   | ciphertext, tag     |      | code   | tag      |
 *     +--------+---------------------+      +--------+----------+
 *     data: size 17 to 65,533                control: 1 close, 2 rekey
 *
 * A data record is a transport message of Noise as it stands: no associated data, and nothing but data in it, so that it is sealed
 * straight from where the data lies. No ciphertext is shorter than a tag and one byte: that leaves the sizes below 17 for codes. A control
 * record is the tag of an empty text with its two bytes as associated data, and takes the next nonce like any other.
 * All other sizes are refused, 16 among them: empty records would cost the other side work and carry nothing.
 */
export const RECORD_HEADER_SIZE = 2

/** What a record is larger than its plaintext. */
export const RECORD_OVERHEAD = RECORD_HEADER_SIZE + TAG_SIZE

/** The largest record, header included. */
export const RECORD_SIZE_MAX = 65_535

/** A control record, in all. */
export const CONTROL_SIZE = RECORD_HEADER_SIZE + TAG_SIZE

/** The stream ends here, and wasn't cut. Nothing follows. */
export const CLOSE_CODE = 1

/** Everything behind this record is sealed with the next key. */
export const REKEY_CODE = 2

/** The least content of the size field that is a size. */
export const CIPHERTEXT_SIZE_MIN = TAG_SIZE + 1

/** No associated data, or an empty plaintext. */
export const NO_BYTES = new Uint8Array(0)
