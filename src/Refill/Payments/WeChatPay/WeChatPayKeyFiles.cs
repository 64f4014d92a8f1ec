namespace Refill.Payments.WeChatPay;

/// <summary>
/// Keys that stand in files: <see cref="Read"/> gives the same keys until a file is written anew. The APIv3 key's file may hold two lines (the new key, the
/// old one); a public key's file is given with its id.
/// </summary>
/// <param name="certificate">apiclient_cert.pem, or a file that holds only the serial number.</param>
/// <param name="privateKey">apiclient_key.pem.</param>
/// <param name="apiV3Keys">One key a line.</param>
/// <param name="publicKeys">Id and file; the first is the one that answers are asked for under.</param>
/// <param name="appSecret">Null: there is none.</param>
public sealed class WeChatPayKeyFiles(string certificate, string privateKey, string apiV3Keys, IReadOnlyList<(string Id, string File)> publicKeys, string? appSecret)
{
    private const int MaxBytes = 64 * 1024;

    private readonly string[] files = [certificate, privateKey, apiV3Keys, .. publicKeys.Select(key => key.File), .. appSecret is null ? Array.Empty<string>() : [appSecret]];
    private readonly Lock reading = new();
    private WeChatPayKeys? keys;
    private (DateTime, long)[] written = [];

    /// <exception cref="GatewaySettingException">A file is not there, cannot be read, or is too long for a key.</exception>
    public WeChatPayKeys Read()
    {
        lock (reading)
        {
            // Taken before the texts are read: a file that is written in between is read again at the next look.
            var now = FileStamps.Of(files);
            if (keys is null || !now.AsSpan().SequenceEqual(written))
            {
                keys = new WeChatPayKeys(Text(certificate), Text(privateKey), Text(apiV3Keys).Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
                {
                    PublicKeys = [.. publicKeys.Select(key => new WeChatPayPublicKey(key.Id, Text(key.File)))],
                    AppSecret = appSecret is null ? null : Text(appSecret),
                };
                written = now;
            }

            return keys;
        }
    }

    private static string Text(string file)
    {
        try
        {
            return new FileInfo(file) is { Exists: true, Length: > MaxBytes }
                ? throw new GatewaySettingException($"{Path.GetFileName(file)} has more than {MaxBytes} bytes: that is no key")
                : File.ReadAllText(file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new GatewaySettingException($"{Path.GetFileName(file)} cannot be read: {error.GetType().Name}");
        }
    }
}
