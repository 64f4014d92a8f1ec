// Alipay's own client for Node.js against the sandbox: does it take our answers and notifications for Alipay's, and nothing else?
import { readFileSync } from 'node:fs';
import { AlipaySdk } from 'alipay-sdk';

const input = JSON.parse(readFileSync(0, 'utf8'));
const origin = new URL(input.gateway).origin;
const sdk = new AlipaySdk({
  appId: input.appId,
  privateKey: input.privateKey,
  keyType: 'PKCS8',
  gateway: input.gateway,
  ...(input.certificates
    ? { appCertContent: input.certificates.merchant, alipayPublicCertContent: input.certificates.alipay, alipayRootCertContent: input.certificates.roots }
    : { alipayPublicKey: input.alipayPublicKey }),
});

/** One call whose answer has to be Alipay's: the client throws if the signature does not fit. */
const call = (method, bizContent, more = {}) => sdk.exec(method, { bizContent, ...more }, { validateSign: true });
const control = async (path, body) => {
  const answer = await fetch(origin + path, { method: 'POST', body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
};
const order = (outTradeNo, more = {}) => ({ out_trade_no: outTradeNo, total_amount: '12.34', subject: '流量 5 GB', ...more });
const report = {};

// A page's address that the client has signed leads to the payer's page, and the trade is there.
const page = sdk.pageExecute('alipay.trade.page.pay', 'GET', {
  bizContent: order('referee_page', { product_code: 'FAST_INSTANT_TRADE_PAY' }),
  returnUrl: `${origin}/control/health`,
});
const shown = await fetch(page);
report.page = shown.status;
await control('/control/alipay/pay', { order: 'referee_page' });
report.queried = (await call('alipay.trade.query', { out_trade_no: 'referee_page' })).tradeStatus;

const code = await call('alipay.trade.precreate', order('referee_code'));
report.code = code.qrCode;
await fetch(code.qrCode);
report.closed = (await call('alipay.trade.close', { out_trade_no: 'referee_code' })).code;

const refund = await call('alipay.trade.refund', { out_trade_no: 'referee_page', refund_amount: '5.00', out_request_no: 'R1' });
report.refunded = [refund.fundChange, refund.refundFee];
report.refundQueried = (await call('alipay.trade.fastpay.refund.query', { out_trade_no: 'referee_page', out_request_no: 'R1' })).refundStatus;

report.paidByBarcode = (await call('alipay.trade.pay', order('referee_bar', { scene: 'bar_code', auth_code: '281234567890123456' }))).code;
report.cancelled = (await call('alipay.trade.cancel', { out_trade_no: 'referee_bar' })).action;

const bill = await call('alipay.data.dataservice.bill.downloadurl.query', { bill_type: 'trade', bill_date: input.billDate });
const file = Buffer.from(await (await fetch(bill.billDownloadUrl)).arrayBuffer());
report.bill = file.subarray(0, 2).toString('latin1');

// A refusal is signed like any other answer.
report.refused = (await call('alipay.trade.query', { out_trade_no: 'referee_nobody' })).subCode;

// An answer that was tampered with.
await control('/control/faults', { target: 'alipay', point: 'query', fault: 'bad-signature' });
report.tampered = await call('alipay.trade.query', { out_trade_no: 'referee_page' }).then(() => 'accepted', (error) => error.message.slice(0, 4));

// The numbers of the certificates, as this client reckons them.
report.numbers = input.certificates ? [sdk.config.appCertSn, sdk.config.alipayCertSn, sdk.config.alipayRootCertSn] : null;

// Notifications: ours, and ours with one field changed.
report.notifications = input.notifications.map((form) => [sdk.checkNotifySignV2(form), sdk.checkNotifySignV2({ ...form, notify_time: '2026-03-01 12:00:01' })]);

process.stdout.write(JSON.stringify(report));
