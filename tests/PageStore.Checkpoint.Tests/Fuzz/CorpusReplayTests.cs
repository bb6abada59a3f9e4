using PageStore.Fuzz;
using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>Runs the fuzzer's targets over its corpus: nothing that it found may come back.</summary>
public sealed class CorpusReplayTests
{
    private static readonly string Corpus = Path.Combine(AppContext.BaseDirectory, "corpus");

    public static TheoryData<string> Files => [.. Directory.GetFiles(Corpus, "*.bin", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(Corpus, file)).Order(StringComparer.Ordinal)];

    public static TheoryData<string, string> Seeds
    {
        get
        {
            var seeds = new TheoryData<string, string>();
            foreach (IFuzzTarget target in FuzzTargets.All)
            {
                foreach ((string name, _) in target.Seeds())
                {
                    seeds.Add(target.Name, name);
                }
            }

            return seeds;
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void A_kept_input_runs_without_a_failure(string file)
    {
        string path = Path.Combine(Corpus, file);
        IFuzzTarget? target = FuzzTargets.OfFile(path);
        Assert.NotNull(target);
        target.RunOne(File.ReadAllBytes(path));
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void A_seed_is_made_the_same_each_time_and_is_kept(string target, string seed)
    {
        byte[] made = FuzzTargets.Find(target)!.Seeds().Single(pair => pair.Name == seed).Input;
        byte[] again = FuzzTargets.Find(target)!.Seeds().Single(pair => pair.Name == seed).Input;
        Assert.Equal(made, again);
        string kept = Path.Combine(Corpus, target, seed + ".bin");
        Assert.True(File.Exists(kept) && File.ReadAllBytes(kept).AsSpan().SequenceEqual(made), $"what is kept of {target}/{seed} is not what is made now: run the fuzzer's command seed to write it");
    }
}
