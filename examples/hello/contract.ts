import { bits, contract, protoFactory, request, text, u32 } from 'millrace'

const chat = contract({
  join: request({ name: text(20) }, { others: u32 }), // has a reply
  say: { line: text(200) },
  said: { name: text(20), line: text(200) },
})
export const net = protoFactory.add('chat', bits(chat))
export const port = Number(process.argv[2] ?? 7777)
