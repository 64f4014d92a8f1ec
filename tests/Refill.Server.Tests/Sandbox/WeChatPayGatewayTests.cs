using System.Net;
using System.Text.Json.Nodes;

namespace Refill.Server.Tests.Sandbox;

/// <summary>WeChat Pay's API v3 as the sandbox has it: who is believed, what is taken, what is answered.</summary>
public sealed class WeChatPayGatewayTests : IAsyncLifetime
{
    private const string Order = "order_1";
    private const string Native = "/v3/pay/transactions/native";
    private SandboxRig sandbox = null!;

    private WeChatPayMerchant Merchant => sandbox.WeChatPay;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => sandbox = await SandboxRig.StartAsync();

    public ValueTask DisposeAsync() => sandbox.DisposeAsync();

    [Fact]
    public async Task A_trade_exists_from_the_moment_that_it_is_asked_for_and_its_answers_are_signed()
    {
        var made = await Merchant.NativeAsync(Order);
        var asked = await Merchant.QueryAsync(Order);

        Assert.Equal((HttpStatusCode.OK, WeChatPayVerdict.Good), (made.Status, made.Verdict));
        Assert.StartsWith(sandbox.Http.BaseAddress!.AbsoluteUri, made["code_url"], StringComparison.Ordinal);
        Assert.Equal(("NOTPAY", "1234", "CNY", null), (asked["trade_state"], asked["amount.total"], asked["amount.currency"], asked["transaction_id"]));
        Assert.Equal(WeChatPayVerdict.Good, asked.Verdict);
    }

    [Fact]
    public async Task A_paid_trade_is_found_by_either_number()
    {
        await Merchant.JsApiAsync(Order);
        await PayAsync();

        var paid = await Merchant.QueryAsync(Order);

        Assert.Equal(("SUCCESS", "JSAPI", "2026-03-01T12:00:00+08:00"), (paid["trade_state"], paid["trade_type"], paid["success_time"]));
        Assert.Equal(("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o", "1234"), (paid["payer.openid"], paid["amount.payer_total"]));
        Assert.Equal(paid.Raw, (await Merchant.QueryByIdAsync(paid["transaction_id"]!)).Raw);
        Assert.Matches("^[0-9]{28}$", paid["transaction_id"]);
    }

    [Theory]
    [InlineData("mchid,serial_no,timestamp,nonce_str,signature")]
    [InlineData("signature,nonce_str,serial_no,mchid,timestamp")]
    public async Task The_attributes_of_a_signature_come_in_any_order(string order)
    {
        var body = WeChatPayMerchant.Order(Order).ToJsonString();

        Assert.Equal(HttpStatusCode.OK, (await Merchant.SendAsync(HttpMethod.Post, Native, body, Merchant.Authorize("POST", Native, body, order: order))).Status);
    }

    [Theory]
    [InlineData(299, HttpStatusCode.OK)]
    [InlineData(-299, HttpStatusCode.OK)]
    [InlineData(301, HttpStatusCode.Unauthorized)]
    [InlineData(-301, HttpStatusCode.Unauthorized)]
    public async Task A_signature_may_be_five_minutes_off(long seconds, HttpStatusCode status)
    {
        var body = WeChatPayMerchant.Order(Order).ToJsonString();

        Assert.Equal(status, (await Merchant.SendAsync(HttpMethod.Post, Native, body, Merchant.Authorize("POST", Native, body, seconds))).Status);
    }

    [Fact]
    public async Task Who_signs_something_else_is_not_believed()
    {
        var body = WeChatPayMerchant.Order(Order).ToJsonString();
        var good = Merchant.Authorize("POST", Native, body);
        string[] others =
        [
            Merchant.Authorize("POST", Native, body + " "),
            Merchant.Authorize("GET", Native, body),
            Merchant.Authorize("POST", Native + "?", body),
            Merchant.Authorize("POST", Native, body, mchid: "1900000002"),
            Merchant.Authorize("POST", Native, body, serial: "11"),
            good.Replace("WECHATPAY2-SHA256-RSA2048", "Bearer", StringComparison.Ordinal),
            good.Replace("nonce_str", "nonce", StringComparison.Ordinal),
            good + ",mchid=\"1900000001\"",
            good + ";",
            "",
        ];

        foreach (var other in others)
        {
            var reply = await Merchant.SendAsync(HttpMethod.Post, Native, body, other);
            Assert.Equal((HttpStatusCode.Unauthorized, "SIGN_ERROR"), (reply.Status, reply["code"]));
        }

        Assert.Equal("ORDER_NOT_EXIST", (await Merchant.QueryAsync(Order))["code"]);
    }

    [Fact]
    public async Task The_path_is_signed_as_it_stands_on_the_wire()
    {
        await Merchant.NativeAsync("order|*1");

        Assert.Equal("NOTPAY", (await Merchant.GetAsync($"/v3/pay/transactions/out-trade-no/order%7C%2A1?mchid={WeChatPayMerchant.MerchantId}"))["trade_state"]);
    }

    [Fact]
    public async Task A_request_without_a_user_agent_is_refused()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v3/certificates");
        request.Headers.TryAddWithoutValidation("Authorization", Merchant.Authorize("GET", "/v3/certificates", ""));

        using var answer = await sandbox.Http.SendAsync(request, Cancellation);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }

    [Theory]
    [InlineData("native", "/out_trade_no", "short")]
    [InlineData("native", "/out_trade_no", "a_number_of_more_than_32_characters")]
    [InlineData("native", "/out_trade_no", "order 1")]
    [InlineData("native", "/amount/total", 0)]
    [InlineData("native", "/amount/total", 12.34)]
    [InlineData("native", "/amount/total", "1234")]
    [InlineData("native", "/amount/currency", "USD")]
    [InlineData("native", "/description", "")]
    [InlineData("native", "/mchid", "1900000002")]
    [InlineData("native", "/notify_url", "http://shop.invalid/inbound")]
    [InlineData("native", "/notify_url", "https://shop.invalid/inbound?a=1")]
    [InlineData("native", "/time_expire", "2026-03-01T12:00:59+08:00")]
    [InlineData("native", "/time_expire", "2026-03-01 13:00:00")]
    [InlineData("jsapi", "/payer/openid", "")]
    [InlineData("h5", "/scene_info/payer_client_ip", "")]
    [InlineData("codepay", "/payer/auth_code", "160061098828009406")]
    [InlineData("codepay", "/payer/auth_code", "13006109882800940")]
    [InlineData("codepay", "/scene_info/store_info", "")]
    public async Task What_cannot_be_taken_is_named(string point, string field, object value)
    {
        var body = WeChatPayMerchant.Order(Order);
        body["payer"] = new JsonObject { ["openid"] = "o1", ["auth_code"] = "130061098828009406" };
        body["scene_info"] = new JsonObject { ["payer_client_ip"] = "127.0.0.1", ["h5_info"] = new JsonObject { ["type"] = "Wap" }, ["store_info"] = new JsonObject { ["id"] = "1" } };
        var names = field[1..].Split('/');
        var within = names.Length == 1 ? body : body[names[0]]!.AsObject();
        within[names[^1]] = JsonValue.Create(value);

        var reply = await Merchant.PostAsync($"/v3/pay/transactions/{point}", body);

        Assert.Equal((HttpStatusCode.BadRequest, "PARAM_ERROR", field), (reply.Status, reply["code"], reply["detail.field"]));
    }

    [Fact]
    public async Task Another_appid_is_not_the_merchants()
    {
        var body = WeChatPayMerchant.Order(Order);
        body["appid"] = "wx0000000000000001";

        Assert.Equal("APPID_MCHID_NOT_MATCH", (await Merchant.PostAsync(Native, body))["code"]);
    }

    [Fact]
    public async Task The_same_order_is_the_same_trade_and_another_under_its_number_is_refused()
    {
        var first = await Merchant.NativeAsync(Order);

        Assert.Equal(first["code_url"], (await Merchant.NativeAsync(Order))["code_url"]);
        Assert.Equal((HttpStatusCode.Forbidden, "OUT_TRADE_NO_USED"), await CodeAsync(Merchant.NativeAsync(Order, total: 1235)));
        Assert.Equal((HttpStatusCode.Forbidden, "OUT_TRADE_NO_USED"), await CodeAsync(Merchant.JsApiAsync(Order)));
        await PayAsync();
        Assert.Equal((HttpStatusCode.BadRequest, "ORDERPAID"), await CodeAsync(Merchant.NativeAsync(Order)));
    }

    [Fact]
    public async Task Closing_answers_nothing_and_signs_it()
    {
        await Merchant.NativeAsync(Order);

        var closed = await Merchant.CloseAsync(Order);

        Assert.Equal((HttpStatusCode.NoContent, "", WeChatPayVerdict.Good), (closed.Status, closed.Raw, closed.Verdict));
        Assert.Equal("CLOSED", (await Merchant.QueryAsync(Order))["trade_state"]);
        Assert.Equal("ORDER_CLOSED", (await Merchant.CloseAsync(Order))["code"]);
        Assert.Equal("ORDER_CLOSED", (await Merchant.NativeAsync(Order))["code"]);
        Assert.Equal(HttpStatusCode.Conflict, await PayAsync());
    }

    [Fact]
    public async Task What_is_paid_is_not_closed()
    {
        await Merchant.NativeAsync(Order);
        await PayAsync();

        Assert.Equal((HttpStatusCode.BadRequest, "ORDERPAID"), await CodeAsync(Merchant.CloseAsync(Order)));
        Assert.Equal("SUCCESS", (await Merchant.QueryAsync(Order))["trade_state"]);
    }

    [Fact]
    public async Task Its_time_to_be_paid_ends_without_closing_it()
    {
        var body = WeChatPayMerchant.Order(Order);
        body["time_expire"] = "2026-03-01T12:05:00+08:00";
        await Merchant.PostAsync(Native, body);
        sandbox.Clock.Advance(TimeSpan.FromMinutes(5));

        Assert.Equal(HttpStatusCode.Conflict, await PayAsync());
        Assert.Equal("NOTPAY", (await Merchant.QueryAsync(Order))["trade_state"]);
        Assert.Equal(HttpStatusCode.NoContent, (await Merchant.CloseAsync(Order)).Status);
    }

    [Fact]
    public async Task A_link_is_good_for_two_hours_and_may_be_had_again()
    {
        await Merchant.NativeAsync(Order);
        sandbox.Clock.Advance(TimeSpan.FromHours(2));
        Assert.Equal(HttpStatusCode.Conflict, await PayAsync());

        await Merchant.NativeAsync(Order);
        Assert.Equal(HttpStatusCode.OK, await PayAsync());
    }

    [Fact]
    public async Task After_a_week_unpaid_it_is_closed()
    {
        await Merchant.NativeAsync(Order);
        sandbox.Clock.Advance(TimeSpan.FromDays(7));

        Assert.Equal("CLOSED", (await Merchant.QueryAsync(Order))["trade_state"]);
    }

    [Fact]
    public async Task What_there_is_not_is_not_found()
    {
        Assert.Equal((HttpStatusCode.NotFound, "ORDER_NOT_EXIST"), await CodeAsync(Merchant.QueryAsync(Order)));
        Assert.Equal((HttpStatusCode.NotFound, "ORDER_NOT_EXIST"), await CodeAsync(Merchant.QueryByIdAsync("4200000000000000000000000000")));
        Assert.Equal((HttpStatusCode.NotFound, "ORDER_NOT_EXIST"), await CodeAsync(Merchant.CloseAsync(Order)));
        Assert.Equal((HttpStatusCode.NotFound, "RESOURCE_NOT_EXISTS"), await CodeAsync(Merchant.QueryRefundAsync("R1")));
        Assert.Equal((HttpStatusCode.BadRequest, "PARAM_ERROR"), await CodeAsync(Merchant.GetAsync($"/v3/pay/transactions/out-trade-no/{Order}?mchid=1")));
    }

    [Fact]
    public async Task A_reset_clears_its_books()
    {
        await Merchant.NativeAsync(Order);
        using var reset = await sandbox.Http.PostAsync("/control/reset", null, Cancellation);

        Assert.Equal(0, (await sandbox.GetAsync("/control/books/wechatpay/trades")).GetArrayLength());
        Assert.Equal("ORDER_NOT_EXIST", (await Merchant.QueryAsync(Order))["code"]);
    }

    private async Task<HttpStatusCode> PayAsync()
    {
        using var answer = await sandbox.PostAsync("/control/wechatpay/pay", new { order = Order });
        return answer.StatusCode;
    }

    private static async Task<(HttpStatusCode, string?)> CodeAsync(Task<WeChatPayReply> call) => await call is var reply ? (reply.Status, reply["code"]) : default;
}
