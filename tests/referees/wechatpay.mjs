// wechatpay-axios-plugin as a merchant of the sandbox's WeChat Pay. It verifies every answer by itself; what this script adds is only what it asks for and what it expects.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import plugin from 'wechatpay-axios-plugin';

const { Wechatpay, Rsa, Aes, Formatter } = plugin;
const given = JSON.parse(readFileSync(0, 'utf8'));
const certs = {
  [given.platformSerial]: Rsa.from(given.platformCertificate, Rsa.KEY_TYPE_PUBLIC),
  [given.publicKeyId]: Rsa.from(given.publicKey, Rsa.KEY_TYPE_PUBLIC),
};
const wechat = new Wechatpay({ mchid: given.mchid, serial: given.serial, privateKey: Rsa.from(given.privateKey, Rsa.KEY_TYPE_PRIVATE), certs, baseURL: given.url });
const { mchid, appid } = given;
const api = (path) => wechat.chain(`v3/${path}`);
const asked = { params: { mchid } };

const order = (number, more = {}) => ({
  mchid, appid, out_trade_no: number, description: '5 GB, 30 天', notify_url: 'https://shop.invalid/inbound', amount: { total: 1234, currency: 'CNY' }, ...more,
});
const barcode = (number, code) => order(number, { payer: { auth_code: code }, scene_info: { store_info: { id: '0001' } } });
const query = (number) => api(`pay/transactions/out-trade-no/${number}`).get(asked);
const control = async (path, body) => {
  const answer = await fetch(new URL(`/control/${path}`, given.url), { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
};
/** The code that a call is refused with: the client's own for a forged answer, the sandbox's for a business error. */
const refused = async (call) => {
  try {
    return `taken: ${(await call()).status}`;
  } catch (error) {
    return error.code.startsWith('EV3_') ? error.code : error.response.data.code;
  }
};

const result = {};
result.created = !!(await api('pay/transactions/native').post(order('ref_native'))).data.code_url;
result.createdByPublicKey = (await api('pay/transactions/native').post(order('ref_native'), { headers: { 'Wechatpay-Serial': given.publicKeyId } })).headers['wechatpay-serial'] === given.publicKeyId;
result.h5 = (await api('pay/transactions/h5').post(order('ref_h5', { scene_info: { payer_client_ip: '127.0.0.1', h5_info: { type: 'Wap' } } }))).data.h5_url.includes('?');
result.jsapi = (await api('pay/transactions/jsapi').post(order('ref_jsapi', { payer: { openid: 'o1' } }))).data.prepay_id.startsWith('wx');
result.barcode = (await api('pay/transactions/codepay').post(barcode('ref_code', '130061098828009401'))).data.trade_state;

result.unpaid = (await query('ref_native')).data.trade_state;
await control('wechatpay/pay', { order: 'ref_native' });
const paid = (await query('ref_native')).data;
result.paid = paid.trade_state;
result.byId = (await api(`pay/transactions/id/${paid.transaction_id}`).get(asked)).data.out_trade_no === 'ref_native';
result.closed = (await api('pay/transactions/out-trade-no/ref_h5/close').post({ mchid })).status;
result.paidNotClosed = await refused(() => api('pay/transactions/out-trade-no/ref_native/close').post({ mchid }));

const refund = { out_trade_no: 'ref_native', out_refund_no: 'ref_R1', amount: { refund: 500, total: 1234, currency: 'CNY' } };
result.refundTaken = (await api('refund/domestic/refunds').post(refund)).data.status;
await control('wechatpay/refund', { order: 'ref_native', refund: 'ref_R1', status: 'SUCCESS' });
result.refundMade = (await api('refund/domestic/refunds/ref_R1').get()).data.status;
await api('pay/transactions/codepay').post(barcode('ref_reversed', '130061098828009402'));
result.reversed = (await api('pay/transactions/out-trade-no/ref_reversed/reverse').post({ mchid, appid })).data.out_trade_no === 'ref_reversed';

const [{ serial_no: serial, encrypt_certificate: wrapped }] = (await api('certificates').get()).data.data;
result.certificates = serial === given.platformSerial
  && Aes.AesGcm.decrypt(wrapped.ciphertext, given.apiV3Key, wrapped.nonce, wrapped.associated_data).trim() === given.platformCertificate.trim();

const headers = new Headers(given.notification.headers);
const verified = (body) => Rsa.verify(
  Formatter.response(headers.get('wechatpay-timestamp'), headers.get('wechatpay-nonce'), body), headers.get('wechatpay-signature'), certs[headers.get('wechatpay-serial')],
);
const { resource } = JSON.parse(given.notification.body);
const told = JSON.parse(Aes.AesGcm.decrypt(resource.ciphertext, given.apiV3Key, resource.nonce, resource.associated_data));
result.notification = verified(given.notification.body) && told.out_trade_no;
result.notificationState = told.trade_state;
result.forgedNotification = verified(given.notification.body.replace('transaction', 'transactiom'));

for (const fault of ['bad-signature', 'signtest', 'stale', 'unknown-serial']) {
  await control('faults', { target: 'wechatpay', point: 'query', fault });
  result[fault] = await refused(() => query('ref_native'));
}

const bill = async (name) => {
  const { hash_type: type, hash_value: hash, download_url: url } = (await api(`bill/${name}`).get({ params: { bill_date: given.billDate } })).data;
  const file = (await api('billdownload/file').get({ params: { token: new URL(url).searchParams.get('token') }, responseType: 'arraybuffer' })).data;
  return { file, matches: type === 'SHA1' && createHash('sha1').update(file).digest('hex') === hash };
};
const trades = await bill('tradebill');
const { rows, summary } = Formatter.castCsvBill(trades.file);
result.billRows = rows.length;
result.billOrders = rows.map((row) => `${row['商户订单号']} ${row['交易状态']}`);
result.billSum = `${summary['总交易单数']} ${summary['订单总金额']} ${summary['退款总金额']}`;
result.billHash = trades.matches;
const funds = await bill('fundflowbill');
result.fundRows = funds.matches && Formatter.castCsvBill(funds.file).rows.length;
console.log(JSON.stringify(result));
