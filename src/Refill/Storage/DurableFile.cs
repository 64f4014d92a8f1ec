using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Refill.Storage;

/// <summary>Files that outlive the loss of power, and are nobody else's: fsync itself. On .NET 10 for Linux, FileStream.Flush(true) does not report that it failed.</summary>
public static partial class DurableFile
{
    /// <summary>Read and written by its owner alone (0600).</summary>
    public const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>How a new file is made that only its owner may open; fails if it is there already.</summary>
    public static FileStreamOptions New()
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly;
        }

        return options;
    }

    /// <summary>Waits until what was written is on the disk. The stream's own buffer must have been flushed.</summary>
    /// <exception cref="IOException">It is not, and nobody knows what of it is.</exception>
    public static void Flush(FileStream stream) => Flush(stream.SafeFileHandle, stream.Name);

    /// <summary>The same for the names in a folder. .NET opens no folders, so this does it by itself, on Linux.</summary>
    /// <exception cref="IOException">They are not on the disk, or there is no such folder.</exception>
    public static void FlushFolder(string folder)
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        using var handle = Open(folder, ReadOnlyCloseOnExec);
        if (handle.IsInvalid)
        {
            throw new IOException($"{folder} cannot be opened: error {Marshal.GetLastPInvokeError()}");
        }

        Flush(handle, folder);
    }

    /// <summary>
    /// Gives a finished file its name, unless something has that name: one of several that do so at once. On Linux by link(2): File.Move looks and then renames, and in between another may have come.
    /// The file's first name may stay.
    /// </summary>
    /// <returns>False: the name is taken.</returns>
    /// <exception cref="IOException">It cannot be done.</exception>
    public static bool TryName(string file, string name)
    {
        if (OperatingSystem.IsLinux())
        {
            if (Link(file, name) == 0)
            {
                return true;
            }

            if (Marshal.GetLastPInvokeError() == AlreadyThere)
            {
                return false;
            }
        }

        // A file system without links.
        try
        {
            File.Move(file, name);
            return true;
        }
        catch (IOException) when (File.Exists(name))
        {
            return false;
        }
    }

    private static void Flush(SafeFileHandle handle, string path)
    {
        if (!OperatingSystem.IsLinux())
        {
            RandomAccess.FlushToDisk(handle);
        }
        else if (Fsync(handle) != 0)
        {
            throw new IOException($"fsync of {path} failed with error {Marshal.GetLastPInvokeError()}");
        }
    }

    /// <summary>O_RDONLY | O_CLOEXEC, as Linux has them on every processor that .NET runs on.</summary>
    private const int ReadOnlyCloseOnExec = 0x80000;

    /// <summary>EEXIST.</summary>
    private const int AlreadyThere = 17;

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string existing, string name);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Fsync(SafeFileHandle handle);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle Open(string path, int flags);
}
