using Refill.Storage;

namespace Refill.Tests.Storage;

public sealed class DurableFileTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("refill-durable-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void Of_several_that_take_a_name_at_once_one_has_it_and_its_content_stays()
    {
        const int AtOnce = 8;
        for (var round = 0; round < 200; round++)
        {
            var name = Path.Combine(folder, $"name-{round}");
            var won = new bool[AtOnce];
            using var together = new Barrier(AtOnce);
            Parallel.For(0, AtOnce, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, one =>
            {
                File.WriteAllText($"{name}.{one}", $"{one}");
                together.SignalAndWait(TestContext.Current.CancellationToken);
                won[one] = DurableFile.TryName($"{name}.{one}", name);
            });
            Assert.Equal($"{Array.IndexOf(won, true)}", File.ReadAllText(name));
            Assert.Single(won, true);
        }
    }

    [Fact]
    public void What_is_not_there_or_cannot_be_named_is_said() =>
        Assert.ThrowsAny<IOException>(() => DurableFile.TryName(Path.Combine(folder, "nothing"), Path.Combine(folder, "name")));
}
