using System.Security.Cryptography;

namespace Refill.Payments.Alipay;

/// <summary>The keys of one reading of the options.</summary>
/// <param name="Ours">What requests are signed with.</param>
/// <param name="Theirs">Key mode: what answers and notifications may be signed with, the newest first. Empty in certificate mode.</param>
/// <param name="Trust">Certificate mode; null in key mode.</param>
internal sealed record AlipayKeys(AlipayOptions Options, RSA Ours, IReadOnlyList<RSA> Theirs, AlipayTrust? Trust)
{
    /// <summary>After a rotation: the public key before this one counts, too (failure case 13), and so do the certificates that were known.</summary>
    public AlipayKeys After(AlipayKeys before)
    {
        if (Trust is not null && before.Trust is not null)
        {
            Trust.Keep(before.Trust);
            return this;
        }

        var newest = Theirs.Select(key => Convert.ToBase64String(key.ExportSubjectPublicKeyInfo())).FirstOrDefault();
        return Trust is null && before.Trust is null
            ? this with { Theirs = [.. Theirs, .. before.Theirs.Where(key => Convert.ToBase64String(key.ExportSubjectPublicKeyInfo()) != newest).Take(1)] }
            : this;
    }
}
