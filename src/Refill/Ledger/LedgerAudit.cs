using System.Data.Common;
using System.Runtime.InteropServices;
using Refill.Storage;
using Refill.Units;

namespace Refill.Ledger;

/// <summary>What one check looked at and what it found.</summary>
/// <param name="Examined">How many things were held against the law.</param>
/// <param name="Problems">The first few, in words, with ids and numbers.</param>
/// <param name="ProblemCount">All of them.</param>
public sealed record AuditFinding(string Check, long Examined, IReadOnlyList<string> Problems, long ProblemCount);

/// <summary>
/// Recomputes every balance from the postings and checks the ledger's laws (I1, I6, I8, I10 of reliability.md). Every transfer is read once for each share of the accounts that fits in memory, so that memory does
/// not grow with the ledger. The postings of an account need not come in their order: that they form one unbroken chain is held by sums of hashes.
/// </summary>
public sealed class LedgerAudit
{
    /// <summary>About 200 bytes each.</summary>
    private const int MaxAccountsAtOnce = 2_000_000;

    private readonly Database database;
    private readonly ArchivedLedger archives;

    /// <summary>Of a database that nothing has left.</summary>
    public LedgerAudit(Database database)
        : this(database, ArchivedLedger.None)
    {
    }

    internal LedgerAudit(Database database, ArchivedLedger archives) => (this.database, this.archives) = (database, archives);

    public async Task<IReadOnlyList<AuditFinding>> RunAsync(CancellationToken cancellation = default)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var snapshot = connection is Microsoft.Data.Sqlite.SqliteConnection sqlite
            ? sqlite.BeginTransaction(deferred: true)
            : await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, cancellation);
        var books = new Books(archives.NotAtHand);
        var pending = Tallies.Sum(await TalliesAsync(connection, snapshot, cancellation));
        var accounts = Convert.ToInt64(await Command(connection, snapshot, "SELECT count(*) FROM account").ExecuteScalarAsync(cancellation), System.Globalization.CultureInfo.InvariantCulture);
        var share = Cell.Count;
        while (share > 1 && accounts * share / Cell.Count > MaxAccountsAtOnce)
        {
            share /= 2;
        }

        for (var first = 0; first < Cell.Count; first += share)
        {
            await ShareAsync(connection, snapshot, books, pending, first, first + share - 1, cancellation);
        }

        await AnswersAsync(connection, snapshot, books, cancellation);
        return books.Findings;
    }

    private async Task ShareAsync(DbConnection connection, DbTransaction snapshot, Books books, Dictionary<Guid, Delta> pending, int first, int last, CancellationToken cancellation)
    {
        var accounts = new Dictionary<Guid, Tally>();
        await using (var command = Command(connection, snapshot, $"SELECT cell, id, purpose, unit, floor, balance, postings, last_transfer FROM account WHERE cell BETWEEN {first} AND {last}"))
        await using (var reader = await command.ExecuteReaderAsync(cancellation))
        {
            while (await reader.ReadAsync(cancellation))
            {
                var (id, stored) = (Id(reader, 1), new Stored(reader.GetString(2), reader.GetString(3), reader.GetInt64(4), reader.GetInt64(5), reader.GetInt64(6), Id(reader, 7)));
                var more = pending.GetValueOrDefault(id); // What waits to be carried over into the account's row.
                accounts[id] = new Tally { Stored = stored with { Balance = stored.Balance + more.Amount, Postings = stored.Postings + more.Postings } };
                books.InItsCell("account", id, reader.GetInt16(0));
            }
        }

        await using (var command = Command(connection, snapshot, "SELECT cell, id, postings FROM transfer"))
        await using (var reader = await command.ExecuteReaderAsync(cancellation))
        {
            while (await reader.ReadAsync(cancellation))
            {
                var (id, packed) = (Id(reader, 1), reader.GetFieldValue<byte[]>(2));
                if (first == 0)
                {
                    books.InItsCell("transfer", id, reader.GetInt16(0));
                    books.Transfer(id, packed);
                }

                books.Post(accounts, id, packed, first, last);
            }
        }

        await foreach (var (id, packed) in archives.Transfers(cancellation))
        {
            if (first == 0)
            {
                books.Transfer(id, packed);
            }

            books.Post(accounts, id, packed, first, last);
        }

        foreach (var (id, tally) in accounts)
        {
            books.Account(id, tally);
        }
    }

    private static async Task<List<byte[]>> TalliesAsync(DbConnection connection, DbTransaction snapshot, CancellationToken cancellation)
    {
        await using var command = Command(connection, snapshot, "SELECT deltas FROM tally");
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var tallies = new List<byte[]>();
        while (await reader.ReadAsync(cancellation))
        {
            tallies.Add(reader.GetFieldValue<byte[]>(0));
        }

        return tallies;
    }

    private static async Task AnswersAsync(DbConnection connection, DbTransaction snapshot, Books books, CancellationToken cancellation)
    {
        await using var command = Command(connection, snapshot, "SELECT cell, id, length(answer) FROM answer");
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            books.InItsCell("answer", Id(reader, 1), reader.GetInt16(0));
            books.Answer(Id(reader, 1), Convert.ToInt64(reader.GetValue(2), System.Globalization.CultureInfo.InvariantCulture));
        }
    }

    private static DbCommand Command(DbConnection connection, DbTransaction snapshot, string sql)
    {
        var command = connection.CreateCommand();
        (command.CommandText, command.Transaction, command.CommandTimeout) = (sql, snapshot, 0);
        return command;
    }

    private static Guid Id(DbDataReader reader, int column) => reader is Microsoft.Data.Sqlite.SqliteDataReader ? new Guid(reader.GetFieldValue<byte[]>(column), bigEndian: true) : reader.GetGuid(column);

    private sealed record Stored(string Purpose, string Unit, long Floor, long Balance, long Postings, Guid Last);

    /// <summary>What the postings of one account come to.</summary>
    private struct Tally
    {
        public required Stored Stored { get; init; }

        public long Sum;
        public long Count;

        /// <summary>Hashes of where each posting ends, less those of where each begins. Of an unbroken chain all but two fall out: where it begins and where it ends.</summary>
        public ulong Chain;

        /// <summary>Where the oldest posting at hand begins.</summary>
        public Beginning First;
    }

    /// <summary>The laws, and what breaks them.</summary>
    private sealed class Books(NotAtHand? notAtHand)
    {
        private readonly ulong seed = BitConverter.ToUInt64(System.Security.Cryptography.RandomNumberGenerator.GetBytes(8));
        private readonly Law sumsToZero = new("I1  every transfer's postings sum to zero in every unit");
        private readonly Law balances = new("I1  every account's balance is the sum of its postings");
        private readonly Law chain = new("I1  every posting continues its account: no gap in the sequence, balance after = balance before + amount");
        private readonly Law counts = new("I1  every account counts its postings");
        private readonly Law units = new("I1  over everything, each unit sums to zero");
        private readonly Law whole = new("I1  every posting has its account and its transfer, every transfer its postings");
        private readonly Law floors = new("I6 I7 I10  no balance is below its account's floor, nor ever was");
        private readonly Law answers = new("I8  every answer stands behind a whole key");
        private readonly Law cells = new("cells: every id stands in its own cell");
        private readonly Dictionary<string, Int128> totals = [];

        public IReadOnlyList<AuditFinding> Findings
        {
            get
            {
                foreach (var (unit, total) in totals)
                {
                    units.Examined++;
                    if (total != 0)
                    {
                        units.Broken($"{unit} total {total}");
                    }
                }

                totals.Clear();
                return [.. new[] { sumsToZero, balances, chain, counts, units, whole, floors, answers, cells }.Select(law => law.Finding)];
            }
        }

        public void InItsCell(string what, Guid id, short cell)
        {
            cells.Examined++;
            if (CellId.CellOf(id).Number != cell)
            {
                cells.Broken($"{what} {id} stands in cell {cell}");
            }
        }

        /// <summary>What a transfer shows by itself.</summary>
        public void Transfer(Guid id, byte[] packed)
        {
            sumsToZero.Examined++;
            try
            {
                var lines = PackedPostings.Read(packed);
                if (lines.Count < 2)
                {
                    whole.Broken($"{id} transfer with fewer than two postings {lines.Count}");
                }

                foreach (var unit in lines.Select(line => line.Unit).Distinct())
                {
                    Int128 sum = 0;
                    foreach (var line in lines)
                    {
                        sum += line.Unit == unit ? line.Amount : 0;
                    }

                    if (sum != 0)
                    {
                        sumsToZero.Broken($"{id} {unit} {sum}");
                    }
                }
            }
            catch (InvalidDataException)
            {
                whole.Broken($"{id} transfer whose postings cannot be read");
            }
        }

        /// <summary>Its postings to the accounts of these cells.</summary>
        public void Post(Dictionary<Guid, Tally> accounts, Guid transfer, ReadOnlySpan<byte> packed, int firstCell, int lastCell)
        {
            try
            {
                while (!packed.IsEmpty)
                {
                    var line = PackedPostings.Next(ref packed);
                    if (CellId.CellOf(line.AccountId).Number is var cell && (cell < firstCell || cell > lastCell))
                    {
                        continue;
                    }

                    whole.Examined++;
                    chain.Examined++;
                    ref var tally = ref CollectionsMarshal.GetValueRefOrNullRef(accounts, line.AccountId);
                    var hasRow = !System.Runtime.CompilerServices.Unsafe.IsNullRef(ref tally);
                    if (!hasRow && line.Opens is { } opens && line.Sequence == 1 && line.BalanceAfter == line.Amount
                        && AccountIds.Of(new Cell(cell), opens.Purpose, new Unit(line.Unit), transfer) == line.AccountId)
                    {
                        // An account without a row: this is all of it.
                        WithoutRow(line, opens);
                        continue;
                    }

                    if (!hasRow || tally.Stored.Unit != line.Unit)
                    {
                        whole.Broken($"{transfer} posting without account in its unit {line.AccountId} {line.Amount} {line.Unit}");
                        continue;
                    }

                    tally.Sum = unchecked(tally.Sum + line.Amount);
                    tally.Count++;
                    if (tally.Stored.Floor == Ledger.Account.NoFloor)
                    {
                        continue; // Its postings have no order.
                    }

                    var before = new Beginning(line.Sequence - 1, line.BalanceAfter - line.Amount, line.Previous);
                    tally.Chain = unchecked(tally.Chain + Hash(line.Sequence, line.BalanceAfter, transfer) - Hash(before.Sequence, before.Balance, before.Transfer));
                    if (tally.Count == 1 || before.Sequence < tally.First.Sequence)
                    {
                        tally.First = before;
                    }

                    // With a file elsewhere there may be no whole chain, but there is its end.
                    if (notAtHand is not null && line.Sequence == tally.Stored.Postings && (line.BalanceAfter != tally.Stored.Balance || transfer != tally.Stored.Last))
                    {
                        chain.Broken($"{line.AccountId} {tally.Stored.Purpose}: its newest posting is another than it says");
                    }

                    if (line.BalanceAfter < tally.Stored.Floor)
                    {
                        floors.Broken($"{line.AccountId} was at {line.BalanceAfter}, its floor is {tally.Stored.Floor}");
                    }
                }
            }
            catch (InvalidDataException)
            {
                // Told by the transfer itself.
            }
        }

        private void WithoutRow(in PostingLine line, Opening opens)
        {
            balances.Examined++;
            floors.Examined++;
            totals[line.Unit] = totals.GetValueOrDefault(line.Unit) + line.Amount;
            if (line.BalanceAfter < opens.Floor)
            {
                floors.Broken($"{line.AccountId} {opens.Purpose} {line.BalanceAfter}");
            }
        }

        public void Account(Guid id, in Tally tally)
        {
            var (stored, sum, count, chained) = (tally.Stored, tally.Sum, tally.Count, tally.Chain);
            balances.Examined++;
            counts.Examined++;
            floors.Examined++;
            if (stored.Balance < stored.Floor)
            {
                floors.Broken($"{id} {stored.Purpose} {stored.Balance}");
            }

            totals[stored.Unit] = totals.GetValueOrDefault(stored.Unit) + stored.Balance;
            var hasFloor = stored.Floor != Ledger.Account.NoFloor;
            var (amount, postings, beginning, isChain) = notAtHand?.Of(id, hasFloor, stored.Balance, stored.Postings, stored.Last, count, tally.First) ?? new Elsewhere(0, 0, default, IsChain: true);
            if (stored.Balance - amount != sum)
            {
                balances.Broken($"{id} {stored.Purpose} {stored.Balance - amount - sum}");
            }

            if (stored.Postings - postings != count)
            {
                counts.Broken($"{id} {stored.Purpose} {stored.Postings - postings - count}");
            }

            if (hasFloor && isChain && chained != unchecked(Hash(stored.Postings, stored.Balance, stored.Last) - Hash(beginning.Sequence, beginning.Balance, beginning.Transfer)))
            {
                chain.Broken($"{id} {stored.Purpose}: its {count} postings are no chain from {beginning.Balance} after {beginning.Sequence} to {stored.Balance} after {stored.Postings}");
            }
        }

        public void Answer(Guid id, long length)
        {
            answers.Examined++;
            if (length < StoredAnswer.HashBytes)
            {
                answers.Broken($"{id} hash {length}");
            }
        }

        /// <summary>Of a key of its own in every run: whoever could write to the database could not make two wrongs fall out.</summary>
        private ulong Hash(long sequence, long balance, Guid transfer)
        {
            var id = MemoryMarshal.Cast<Guid, ulong>(new ReadOnlySpan<Guid>(in transfer));
            return Mix(Mix(Mix(Mix(seed ^ (ulong)sequence) ^ (ulong)balance) ^ id[0]) ^ id[1]);
        }

        /// <summary>The finalizer of SplitMix64 (Steele, Lea and Flood 2014).</summary>
        private static ulong Mix(ulong x)
        {
            unchecked
            {
                x += 0x9E3779B97F4A7C15;
                x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
                x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
                return x ^ (x >> 31);
            }
        }
    }

    private sealed class Law(string name)
    {
        private const int MaxShown = 10;
        private readonly List<string> problems = [];
        private long count;

        public long Examined { get; set; }

        public AuditFinding Finding => new(name, Examined, problems, count);

        public void Broken(string problem)
        {
            count++;
            if (problems.Count < MaxShown)
            {
                problems.Add(problem);
            }
        }
    }
}
