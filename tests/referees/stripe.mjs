// Stripe's own client for Node.js against the sandbox. {"run": "calls" | "retries" | "webhook", …} in, what it came to out.
import Stripe from 'stripe'

const input = JSON.parse(await new Response(process.stdin).text())

const client = key => {
  const { hostname, port } = new URL(input.address)
  return new Stripe(key, { host: hostname, port, protocol: 'http', maxNetworkRetries: 2, telemetry: false })
}

const wanted = (order, amount) => ({
  mode: 'payment',
  success_url: 'http://127.0.0.1:9/paid?session={CHECKOUT_SESSION_ID}',
  cancel_url: 'http://127.0.0.1:9/canceled',
  client_reference_id: order,
  line_items: [{ quantity: 1, price_data: { currency: 'usd', unit_amount: amount, product_data: { name: '5 GB' } } }],
  metadata: { payment: order },
  payment_intent_data: { metadata: { payment: order } },
})

// The type of what is thrown; "accepted" if nothing is.
const verdict = async work => {
  try {
    await work()
    return 'accepted'
  } catch (error) {
    return error.type ?? String(error)
  }
}

const control = (path, body) => fetch(`${input.address}/control/stripe/${path}`, { method: 'POST', body: JSON.stringify(body) })

const runs = {
  async calls() {
    const stripe = client(input.key)
    const made = await stripe.checkout.sessions.create(wanted('order_1', 1234), { idempotencyKey: 'key-1' })
    const otherParameters = await verdict(() => stripe.checkout.sessions.create(wanted('order_1', 1235), { idempotencyKey: 'key-1' }))
    const second = await stripe.checkout.sessions.create(wanted('order_2', 999))
    const ended = await stripe.checkout.sessions.expire(second.id)
    await control('pay', { session: made.id })
    const paid = await stripe.checkout.sessions.retrieve(made.id, { expand: ['payment_intent'] })
    const listed = await stripe.checkout.sessions.list({ payment_intent: paid.payment_intent.id })
    const refund = await stripe.refunds.create({ payment_intent: paid.payment_intent.id, amount: 234 })
    const tooMuch = await verdict(() => stripe.refunds.create({ payment_intent: paid.payment_intent.id, amount: 1001 }))
    let lines = 0
    for await (const line of stripe.balanceTransactions.list({ limit: 1 })) lines += line.net

    const customer = await stripe.customers.create({ email: 'someone@example.org' })
    const setup = await stripe.checkout.sessions.create({ mode: 'setup', customer: customer.id, success_url: 'http://127.0.0.1:9/saved' })
    await control('pay', { session: setup.id, card: 'asks' })
    const saved = await stripe.setupIntents.retrieve((await stripe.checkout.sessions.retrieve(setup.id)).setup_intent)
    let cardError
    try {
      await stripe.paymentIntents.create({ amount: 500, currency: 'usd', customer: customer.id, payment_method: saved.payment_method, off_session: true, confirm: true })
    } catch (error) {
      cardError = error
    }

    return {
      made: made.status, ended: ended.status, status: paid.status, paymentStatus: paid.payment_status, listed: listed.data.length,
      refund: refund.status, tooMuch, otherParameters, linesAddUp: lines === 1234 - 66 - 234,
      cardError: cardError.type, cardErrorCode: cardError.code,
      wrongKey: await verdict(() => client('sk_test_ofSomebodyElse').checkout.sessions.retrieve(made.id)),
    }
  },

  async retries() {
    return { id: (await client(input.key).checkout.sessions.create(wanted('order_1', 1234))).id }
  },

  async webhook() {
    const { webhooks } = new Stripe('sk_test_none')
    const check = body => verdict(async () => webhooks.constructEvent(body, input.header, input.secret, undefined, undefined, input.now))
    return { asItIs: await check(input.body), tampered: await check(input.body.replace('1234', '1235')) }
  },
}

// The client leaves a timer of 80 seconds behind for each answer that it did not read before its next try.
process.stdout.write(JSON.stringify(await runs[input.run]()), () => process.exit())
