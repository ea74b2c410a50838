import { connect, createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import { causeText } from './millrace-error.ts'

describe('the text of a cause', () => {
  it('joins the reasons of an error that has several, each once', () => {
    const unreachable = (where: string) => new Error(`connect ENETUNREACH ${where}`)
    const both = new AggregateError([unreachable('192.0.2.1:9'), unreachable('2001:db8::1:9')])
    expect(causeText(both)).toBe('connect ENETUNREACH 192.0.2.1:9; connect ENETUNREACH 2001:db8::1:9')
    expect(causeText(new AggregateError([unreachable('a'), unreachable('a')]))).toBe('connect ENETUNREACH a')
    expect(causeText(new AggregateError([new Error('one')], 'all failed'))).toBe('all failed: one')
    const many = Array.from({ length: 9 }, (_, index) => new Error(`reason ${index}`))
    expect(causeText(new AggregateError(many))).toBe('reason 0; reason 1; reason 2; reason 3; and 5 more')
  })

  it('gives the reasons of a name with two addresses, as the system found them', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    await new Promise((resolve) => server.close(resolve))
    const addresses = [
      { address: '127.0.0.1', family: 4 },
      { address: '::1', family: 6 },
    ]
    const error = await new Promise<Error>((resolve) => {
      connect({ host: 'two.test', port, lookup: (_host, _options, done) => done(null, addresses) }).once(
        'error',
        resolve,
      )
    })
    expect(error).toBeInstanceOf(AggregateError)
    expect(error.message).toBe('')
    expect(causeText(error)).toMatch(/^connect E[A-Z]+ 127\.0\.0\.1:\d+; connect E[A-Z]+ ::1:\d+/)
  })

  it.each<[unknown, string]>([
    [new Error('in words'), 'in words'],
    [new Error(), 'Error'],
    [Object.assign(new Error(), { code: 'EWHATEVER' }), 'EWHATEVER'],
    [new AggregateError([]), 'AggregateError'],
    [new AggregateError([new AggregateError([])]), 'AggregateError'],
    ['a text', 'a text'],
    ['', "''"],
    [undefined, 'undefined'],
    [Symbol('s'), 'Symbol(s)'],
    [Object.create(null), 'an object without a text'],
  ])('is never empty: %o', (cause, text) => {
    expect(causeText(cause)).toBe(text)
  })

  it('ends for an error that contains itself', () => {
    const circle = new AggregateError([])
    circle.errors.push(circle)
    expect(causeText(circle)).toBe('AggregateError')
  })
})
