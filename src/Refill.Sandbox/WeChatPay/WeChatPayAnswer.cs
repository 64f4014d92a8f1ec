using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Refill.Sandbox.WeChatPay;

/// <summary>What one call is answered: a status and the very bytes that are signed and sent.</summary>
internal sealed record WeChatPayAnswer(int Status, byte[] Body)
{
    private static readonly JsonSerializerOptions Json = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    internal static WeChatPayAnswer Nothing { get; } = new(StatusCodes.Status204NoContent, []);

    /// <param name="content">Members without a value are left out.</param>
    internal static WeChatPayAnswer Ok(object content) => new(StatusCodes.Status200OK, Bytes(content));

    internal static WeChatPayAnswer Failed(WeChatPayRefusal refusal) => new(refusal.Status, Bytes(new { code = refusal.Code, message = refusal.Message, detail = refusal.Detail }));

    internal static byte[] Bytes(object content) => JsonSerializer.SerializeToUtf8Bytes(content, Json);
}

/// <summary>Why something cannot be done: the HTTP status and the protocol's code.</summary>
internal sealed record WeChatPayRefusal(int Status, string Code, string Message, object? Detail = null)
{
    internal static readonly WeChatPayRefusal SystemError = new(StatusCodes.Status500InternalServerError, "SYSTEM_ERROR", "系统异常，请稍后重试");
    internal static readonly WeChatPayRefusal NotPermitted = new(StatusCodes.Status403Forbidden, "NO_AUTH", "the sandbox was asked to refuse this call");
    internal static readonly WeChatPayRefusal OrderNotExist = new(StatusCodes.Status404NotFound, "ORDER_NOT_EXIST", "订单不存在");
    internal static readonly WeChatPayRefusal OrderPaid = new(StatusCodes.Status400BadRequest, "ORDERPAID", "该订单已支付");
    internal static readonly WeChatPayRefusal OrderClosed = new(StatusCodes.Status400BadRequest, "ORDER_CLOSED", "该订单已关闭");
    internal static readonly WeChatPayRefusal OrderExpired = new(StatusCodes.Status400BadRequest, "INVALID_REQUEST", "订单已过支付有效期");
    internal static readonly WeChatPayRefusal OrderUsed = new(StatusCodes.Status403Forbidden, "OUT_TRADE_NO_USED", "201 商户订单号重复");
    internal static readonly WeChatPayRefusal UserPaying = new(StatusCodes.Status400BadRequest, "USERPAYING", "用户支付中，需要输入密码");
    internal static readonly WeChatPayRefusal NotEnough = new(StatusCodes.Status403Forbidden, "NOT_ENOUGH", "余额不足");
    internal static readonly WeChatPayRefusal CodeUsed = new(StatusCodes.Status400BadRequest, "AUTH_CODE_INVALID", "付款码已被使用");
    internal static readonly WeChatPayRefusal RefundNotExist = new(StatusCodes.Status404NotFound, "RESOURCE_NOT_EXISTS", "退款单不存在");
    internal static readonly WeChatPayRefusal TradeNotExist = new(StatusCodes.Status404NotFound, "RESOURCE_NOT_EXISTS", "订单不存在");
    internal static readonly WeChatPayRefusal TooOften = new(StatusCodes.Status429TooManyRequests, "FREQUENCY_LIMITED", "同一订单的两次退款间隔过短");
    internal static readonly WeChatPayRefusal NoStatement = new(StatusCodes.Status400BadRequest, "NO_STATEMENT_EXIST", "账单文件不存在");
    internal static readonly WeChatPayRefusal StatementLater = new(StatusCodes.Status400BadRequest, "STATEMENT_CREATING", "账单生成中，请在次日10点后获取");

    internal static WeChatPayRefusal Invalid(string message) => new(StatusCodes.Status400BadRequest, "INVALID_REQUEST", message);

    internal static WeChatPayRefusal Parameter(string field, string allowed, string location = "body") =>
        new(StatusCodes.Status400BadRequest, "PARAM_ERROR", "参数错误", new { field, issue = allowed, location });

    internal static WeChatPayRefusal Signature(string message, object? detail = null) => new(StatusCodes.Status401Unauthorized, "SIGN_ERROR", message, detail);
}
