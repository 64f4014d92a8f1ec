using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Refill.Browser.Tests;

/// <summary>What a test needs of this machine's loopback: ports that stay the same over a restart, and a certificate.</summary>
public static class Loopback
{
    /// <summary>Below the ports that Linux gives to outgoing connections (32768 and up), so that none of those takes one meanwhile.</summary>
    private const int FirstPort = 10_000;
    private const int LastPort = 19_999;
    private static int next = Random.Shared.Next(FirstPort, LastPort);

    /// <summary>A port that nobody listens on now and that no other test of this run is given.</summary>
    public static int FreePort()
    {
        for (var tries = 0; tries < LastPort - FirstPort; tries++)
        {
            var port = FirstPort + (Interlocked.Increment(ref next) % (LastPort - FirstPort + 1));
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                return port;
            }
            catch (SocketException)
            {
                // Taken: the next one.
            }
        }

        throw new InvalidOperationException($"no free port between {FirstPort} and {LastPort}");
    }

    /// <summary>Writes a certificate for 127.0.0.1 with its key as PEM files: ECDSA P-256, as small as a public one's leaf.</summary>
    public static (string CertificateFile, string KeyFile) WriteCertificate(string folder)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
        var (certificateFile, keyFile) = (Path.Combine(folder, "tls.pem"), Path.Combine(folder, "tls.key"));
        File.WriteAllText(certificateFile, certificate.ExportCertificatePem());
        File.WriteAllText(keyFile, key.ExportPkcs8PrivateKeyPem());
        return (certificateFile, keyFile);
    }
}
