namespace Refill.Browser.Tests;

/// <summary>Where a run leaves what people want to look at afterwards.</summary>
public static class Artifacts
{
    private static readonly Lock Gate = new();
    private static readonly HashSet<string> Begun = [];

    /// <summary>./test says where; else beside the tests.</summary>
    private static string Folder => Environment.GetEnvironmentVariable("REFILL_TEST_ARTIFACTS") is { Length: > 0 } folder ? folder : Path.Combine(AppContext.BaseDirectory, "artifacts");

    /// <summary>A file's full path; its folder is made.</summary>
    public static string PathOf(string name)
    {
        var path = Path.Combine(Folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        return path;
    }

    /// <summary>Adds to a file that this run began anew.</summary>
    public static void Append(string name, string text)
    {
        lock (Gate)
        {
            var path = PathOf(name);
            if (Begun.Add(name))
            {
                File.Delete(path);
            }

            File.AppendAllText(path, text + Environment.NewLine);
        }
    }
}
