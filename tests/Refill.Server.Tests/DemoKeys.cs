namespace Refill.Server.Tests;

/// <summary>The demo's secrets, made once for all tests of a process: two RSA pairs take longer than most tests.</summary>
internal static class DemoKeys
{
    private static readonly Lazy<string> Made = new(() =>
    {
        var folder = Directory.CreateTempSubdirectory("refill-demo-keys-").FullName;
        DemoSecrets.LoadOrCreate(folder);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        return folder;
    });

    /// <summary>Lays them into a folder of data where no server has been yet.</summary>
    public static DemoSecrets LayInto(string data)
    {
        foreach (var file in Directory.EnumerateFiles(Made.Value))
        {
            File.Copy(file, Path.Combine(data, Path.GetFileName(file)));
        }

        return DemoSecrets.LoadOrCreate(data);
    }
}
