using Refill.Storage;

namespace Refill.Ledger;

/// <summary>
/// Carries SQLite's log (WAL) over into the file while commits go on. SQLite does it within a commit, every so many pages, and whoever waits behind that commit waits for it, too: a tenth of a second at a time under load.
/// Here another thread does most of it beside the commits (a passive checkpoint blocks nobody), and the writer only the rest, now and then, so that the log begins anew (sqlite.org/wal.html, "Avoiding excessively large WAL files").
/// </summary>
internal sealed class SqliteLog : IDisposable
{
    // Pages of 4 KiB. A page that was changed ten times since is carried over once: longer is cheaper, and takes the disk longer at a time.
    private const int BesidePages = 1024;
    private const int RestartPages = 16_384;

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(20);

    private readonly Database database;
    private readonly ManualResetEventSlim stop = new();
    private readonly Thread thread;
    private volatile int pagesInLog;
    private int restartAt = RestartPages;

    public SqliteLog(Database database)
    {
        this.database = database;
        thread = new Thread(Run) { IsBackground = true, Name = "Refill log" };
        thread.Start();
    }

    /// <summary>Between two commits of the writer: carries over what is left, so that the next commit may begin the log anew. Waits for no reader; one that needs the old log puts it off.</summary>
    /// <param name="checkpoint">`PRAGMA wal_checkpoint(PASSIVE)` on the writer's own connection.</param>
    public void Restart(SqliteStatement checkpoint)
    {
        if (pagesInLog < restartAt)
        {
            return;
        }

        try
        {
            var (pages, carried) = Run(checkpoint);
            restartAt = carried == pages ? RestartPages : pages + BesidePages;
            pagesInLog = carried == pages ? 0 : pages;
        }
        catch (Microsoft.Data.Sqlite.SqliteException)
        {
            restartAt += BesidePages; // The disk is full, say. What is committed stands in the log, and commits do not depend on it.
        }
    }

    public void Dispose()
    {
        stop.Set();
        thread.Join();
        stop.Dispose();
    }

    private void Run()
    {
        while (!stop.Wait(LookEvery))
        {
            try
            {
                using var connection = database.OpenKeptSqliteAsync().GetAwaiter().GetResult();
                using var look = new SqliteStatement(connection, "PRAGMA wal_checkpoint(NOOP)");
                using var checkpoint = new SqliteStatement(connection, "PRAGMA wal_checkpoint(PASSIVE)");
                while (!stop.Wait(LookEvery))
                {
                    var (pages, carried) = Run(look);
                    if (pages - carried >= BesidePages)
                    {
                        (pages, _) = Run(checkpoint);
                    }

                    pagesInLog = pages;
                }
            }
            catch (Exception error) when (error is Microsoft.Data.Sqlite.SqliteException or InvalidOperationException)
            {
                // The disk is full, or somebody else is at it: again in a moment. Commits do not depend on it.
            }
        }
    }

    /// <returns>Pages in the log, and how many of them are in the file already; nothing (0) if somebody else is at it.</returns>
    private static (int Pages, int Carried) Run(SqliteStatement statement)
    {
        if (!statement.Step())
        {
            return default;
        }

        var (pages, carried) = ((int)statement.Long(1), (int)statement.Long(2));
        statement.Reset();
        return (Math.Max(0, pages), Math.Max(0, carried));
    }
}
