using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Refill.Bench.Reconciliation;

/// <summary>Alipay's gateway as far as a reconciliation asks it: where the bills are, how an order stands; signed answers over HTTP.</summary>
internal sealed class AlipayDay : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly RSA key = RSA.Create();

    private AlipayDay(WebApplication app) => this.app = app;

    public static async Task<AlipayDay> StartAsync(int port, string privateKeyPem, Bills bills, IReadOnlyDictionary<string, PaidThere> paid)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var url = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}");
        builder.WebHost.UseUrls(url);
        var app = builder.Build();
        var alipay = new AlipayDay(app);
        alipay.key.ImportFromPem(privateKeyPem);
        app.MapGet("/bills/trade", () => TypedResults.PhysicalFile(bills.TradesFile, "application/zip"));
        app.MapGet("/bills/signcustomer", () => TypedResults.PhysicalFile(bills.AccountFile, "application/zip"));
        app.MapPost("/gateway.do", async (HttpContext context) =>
        {
            var form = await context.Request.ReadFormAsync();
            var (method, content) = (form["method"].ToString(), JsonDocument.Parse(form["biz_content"].ToString()).RootElement);
            return alipay.Answer(method, method switch
            {
                "alipay.data.dataservice.bill.downloadurl.query" => new { code = "10000", msg = "Success", bill_download_url = $"{url}/bills/{content.GetProperty("bill_type").GetString()}" },
                "alipay.trade.query" when content.GetProperty("out_trade_no").GetString() is { } order && paid.TryGetValue(order, out var there) => new
                {
                    code = "10000",
                    msg = "Success",
                    out_trade_no = order,
                    trade_no = there.Trade,
                    trade_status = "TRADE_SUCCESS",
                    total_amount = Units.Money.Cny(there.Fen).ToDecimalString(),
                    send_pay_date = there.At.ToOffset(TimeSpan.FromHours(8)).ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture),
                },
                _ => new { code = "40004", msg = "Business Failed", sub_code = "ACQ.TRADE_NOT_EXIST" },
            });
        });
        await app.StartAsync();
        return alipay;
    }

    public async ValueTask DisposeAsync()
    {
        await app.DisposeAsync();
        key.Dispose();
    }

    private IResult Answer(string method, object value)
    {
        var text = JsonSerializer.Serialize(value);
        var sign = Convert.ToBase64String(key.SignData(Encoding.UTF8.GetBytes(text), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
        return TypedResults.Text($$"""{"{{method.Replace('.', '_')}}_response":{{text}},"sign":"{{sign}}"}""", "application/json", Encoding.UTF8);
    }
}
