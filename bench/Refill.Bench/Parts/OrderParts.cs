using System.Security.Cryptography;
using System.Text;
using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Refill.Bench.Ledger;
using Refill.Bench.TopUps;
using Refill.Cards;
using Refill.Ledger;
using Refill.TopUps;
using Refill.Units;

namespace Refill.Bench.Parts;

/// <summary>
/// What one order costs inside the server's process, part by part, without HTTP and without a database; each is one call (BenchmarkDotNet). Public because BenchmarkDotNet asks for it.
/// </summary>
[MemoryDiagnoser]
public class OrderParts
{
    private const string Body = """{"card":"+12125550123","plan":"refill-mobile-pass-24h","payWith":"wallet"}""";
    private readonly byte[] body = Encoding.UTF8.GetBytes(Body);
    private readonly IdempotencyKey key = new("order/0123456789abcdef0123456789abcdef", "many-511-12345", [.. SHA256.HashData("body"u8)]);
    private readonly Cell cell = new(7);
    private readonly Guid id = CellId.New(new Cell(7), TimeProvider.System);
    private readonly string card = BenchCards.Number(1);
    private readonly PostingLine[] lines = new PostingLine[TopUpLoad.Postings];
    private readonly AccountCache remembered = new();
    private byte[] packed = [];

    /// <summary>All of them, or those whose name matches what BenchmarkDotNet's own --filter says.</summary>
    public static int Run(string[] arguments)
    {
        // In this process: it is built as the server is, with the same settings of its runtime.
        var settings = DefaultConfig.Instance.AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance)).WithArtifactsPath(Path.Combine(Path.GetTempPath(), "refill-bench-parts"));
        var ran = BenchmarkSwitcher.FromTypes([typeof(OrderParts)]).Run(arguments.Length == 0 ? ["--filter", "*"] : arguments, settings).ToList();
        return ran.Count > 0 && ran.All(summary => summary.Reports.Length > 0 && summary.Reports.All(report => report.Success)) ? 0 : 1;
    }

    [GlobalSetup]
    public void Prepare()
    {
        for (var index = 0; index < lines.Length; index++)
        {
            lines[index] = new PostingLine(CellId.New(cell, TimeProvider.System), "USD", -3000, 17 + index, 123_456, id);
        }

        packed = PackedPostings.Pack(lines);
    }

    [Benchmark(Description = "an id")]
    public Guid NewId() => CellId.New(cell, TimeProvider.System);

    [Benchmark(Description = "an order's code, read off its id")]
    public string Code() => OrderCode.Of(id);

    [Benchmark(Description = "a card's number recognised")]
    public Recognition Recognise() => CardRecognition.Recognize(card);

    [Benchmark(Description = "the hash of a body")]
    public byte[] BodyHash() => SHA256.HashData(body);

    [Benchmark(Description = "where a key's answer stands")]
    public Guid AnswerPlace() => AnswerId.Of(cell, key).Id;

    [Benchmark(Description = "an allowance's account")]
    public Guid AccountOfOwner() => Account.For(cell, "allowance/data", Unit.Byte, id, floor: 0).Id;

    [Benchmark(Description = "four postings packed")]
    public byte[] Pack() => PackedPostings.Pack(lines);

    [Benchmark(Description = "four postings read")]
    public int Read() => PackedPostings.Read(packed).Count;

    [Benchmark(Description = "a commit of four postings decided")]
    public bool Decide()
    {
        var (group, commit) = (new Group(remembered), TopUpLoad.Next());
        group.Need(commit);
        return group.Decide(commit) is CommitOutcome.Committed;
    }
}
