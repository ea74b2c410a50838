/** What fields show that show nothing: one for all, as views cost a hundred bytes each. */
export const noBytes: Uint8Array<ArrayBuffer> = new Uint8Array(0)
export const noView: DataView<ArrayBuffer> = new DataView(noBytes.buffer)
