using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Refill.Payments.WeChatPay;

/// <summary>What is sealed with the APIv3 key: AEAD_AES_256_GCM, the tag being the last 16 bytes of the ciphertext. A broken tag gives nothing, not even a part.</summary>
internal static class WeChatPaySeal
{
    private const int TagBytes = 16;
    private const int MaxSealed = 128 * 1024;

    /// <summary>The plain bytes of {algorithm, nonce, associated_data, ciphertext} under the first key that opens it; null: none does, or it is not that.</summary>
    public static byte[]? Open(IEnumerable<byte[]> keys, JsonElement box)
    {
        if (box.Text("algorithm") is not "AEAD_AES_256_GCM" || box.Text("nonce") is not { } nonce || box.Text("ciphertext") is not { Length: <= MaxSealed } ciphertext)
        {
            return null;
        }

        // A member that is not there, or null, is the empty text.
        var associated = box.Text("associated_data") ?? "";
        return keys.Select(key => Open(key, nonce, associated, ciphertext)).FirstOrDefault(plain => plain is not null);
    }

    public static byte[]? Open(byte[] key, string nonce, string associatedData, string ciphertext)
    {
        var bytes = new byte[ciphertext.Length];
        if (!Convert.TryFromBase64String(ciphertext, bytes, out var length) || length < TagBytes || Encoding.UTF8.GetByteCount(nonce) != AesGcm.NonceByteSizes.MaxSize)
        {
            return null;
        }

        var plain = new byte[length - TagBytes];
        try
        {
            using var aes = new AesGcm(key, TagBytes);
            aes.Decrypt(Encoding.UTF8.GetBytes(nonce), bytes.AsSpan(0, plain.Length), bytes.AsSpan(plain.Length, TagBytes), plain, Encoding.UTF8.GetBytes(associatedData));
            return plain;
        }
        catch (CryptographicException)
        {
            return null;
        }
    }
}
