using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using PageStore.Checkpoint;
using PageStore.Native;

namespace PageStore.Cli;

/// <summary>Serves the page faults of all guests whose monitors come, from one epoch, each on a thread of its own.</summary>
internal sealed class GuestServer(ToolConsole console, ServeOptions options)
{
    private readonly Lock _output = new();

    /// <summary>Serves until it is cancelled, or its one guest is done.</summary>
    /// <returns>An exit code.</returns>
    public int Run(CheckpointAccess access, CancellationToken cancellation)
    {
        using CheckpointReader reader = access.Open(options.Source.Path);
        EpochId id = options.Source.Epoch ?? reader.Newest ?? throw new ArgumentException($"{options.Source.Path} has no epoch yet.");
        using Epoch epoch = reader.OpenEpoch(id);
        ResumePlan? plan = MakePlan(reader, epoch, cancellation);
        using var listener = new UserFaultListener(options.Socket);
        Say(string.Create(CultureInfo.InvariantCulture, $"epoch {id} of {options.Source.Path} is served at {options.Socket}, {Describe(plan, epoch)}"));
        return options.Once ? ServeOne(listener, epoch, plan, cancellation) : ServeAll(listener, epoch, plan, cancellation);
    }

    private ResumePlan? MakePlan(CheckpointReader reader, Epoch epoch, CancellationToken cancellation)
    {
        bool isPacked = options.Policy == ServeCommand.PackedPlan;
        if (options.Policy == ServeCommand.NoPlan || (isPacked && epoch.Info.Pack is not null))
        {
            return null;
        }

        var learn = new List<ResumeRecord>();
        try
        {
            learn.AddRange(options.Learn.Select(ResumeRecordFile.Load));
            using IResumePolicy policy = ResumePolicies.Create(isPacked ? ResumePolicies.Names[^1] : options.Policy);
            return EpochPlans.Make(reader, epoch, policy, options.Budget, learn, cancellation);
        }
        finally
        {
            learn.ForEach(record => record.Dispose());
        }
    }

    private int ServeOne(UserFaultListener listener, Epoch epoch, ResumePlan? plan, CancellationToken cancellation)
    {
        using UserFaultMemory memory = listener.Accept(cancellation);
        return Serve(memory, epoch, plan, cancellation);
    }

    private int ServeAll(UserFaultListener listener, Epoch epoch, ResumePlan? plan, CancellationToken cancellation)
    {
        var guests = new ConcurrentDictionary<Thread, byte>();
        try
        {
            while (true)
            {
                if (TryAccept(listener, cancellation) is { } memory)
                {
                    Start(guests, memory, epoch, plan, cancellation);
                }
            }
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Interrupted;
        }
        finally
        {
            // The epoch is theirs as long as they run.
            foreach (Thread guest in guests.Keys)
            {
                guest.Join();
            }
        }
    }

    private void Start(ConcurrentDictionary<Thread, byte> guests, UserFaultMemory memory, Epoch epoch, ResumePlan? plan, CancellationToken cancellation)
    {
        var thread = new Thread(() =>
        {
            using (memory)
            {
                TryServe(memory, epoch, plan, cancellation);
            }

            guests.TryRemove(Thread.CurrentThread, out _);
        });
        guests.TryAdd(thread, 0);
        thread.Start();
    }

    /// <summary>A monitor that says something else is no reason to leave the others.</summary>
    private UserFaultMemory? TryAccept(UserFaultListener listener, CancellationToken cancellation)
    {
        try
        {
            return listener.Accept(cancellation);
        }
        catch (PageStoreException failure)
        {
            Say(OneLine.Of(failure.Message));
            return null;
        }
    }

    private void TryServe(UserFaultMemory memory, Epoch epoch, ResumePlan? plan, CancellationToken cancellation)
    {
        try
        {
            Serve(memory, epoch, plan, cancellation);
        }
        catch (Exception failure) when (failure is PageStoreException or AggregateException)
        {
            Say($"The guest of process {memory.ProcessId} cannot be served any more: {OneLine.Of(failure.Message)}");
        }
    }

    private int Serve(UserFaultMemory memory, Epoch epoch, ResumePlan? plan, CancellationToken cancellation)
    {
        using var resume = new LazyResume(epoch, memory, plan, options.Resume);
        ResumeReport report = Run(resume, memory.ProcessId, cancellation);
        using ResumeRecord record = resume.TakeRecord();
        lock (_output)
        {
            ResumeRecordFile.Save(record, options.Record);
            console.Out.WriteLine(options.Json ? JsonSerializer.Serialize(ServeResult.Of(report, memory.ProcessId), ResultJson.Default.ServeResult) : Describe(report, memory.ProcessId));
        }

        return report.Outcome == ResumeOutcome.Cancelled ? ExitCode.Interrupted : report.DamagedPages.Count > 0 || report.Damage is not null ? ExitCode.Data : ExitCode.Ok;
    }

    private ResumeReport Run(LazyResume resume, int process, CancellationToken cancellation)
    {
        if (options.Progress is not { } interval)
        {
            return resume.Run(cancellation);
        }

        long start = Stopwatch.GetTimestamp();
        using var done = new ManualResetEventSlim();
        var teller = new Thread(() =>
        {
            while (!done.Wait(interval))
            {
                Tell(resume.Progress, process, Stopwatch.GetElapsedTime(start));
            }
        });
        teller.Start();
        try
        {
            return resume.Run(cancellation);
        }
        finally
        {
            done.Set();
            teller.Join();
        }
    }

    private void Tell(ResumeProgress now, int process, TimeSpan time)
    {
        if (!options.Json)
        {
            Say(string.Create(CultureInfo.InvariantCulture, $"the guest of process {process} {(now.Ready ? "runs" : "waits for its plan")}: {now.BroughtPages} pages brought, {now.Faults} demanded, after {time.TotalSeconds:F1} s"));
            return;
        }

        lock (_output)
        {
            console.Out.WriteLine(JsonSerializer.Serialize(new ServeProgress(process, time.TotalSeconds, now.Ready, now.BroughtPages, now.Faults), ResultJson.Default.ServeProgress));
        }
    }

    private string Describe(ResumePlan? plan, Epoch epoch) => (plan, epoch.Info.Pack) switch
    {
        ({ IsLarge: true }, _) => string.Create(CultureInfo.InvariantCulture, $"with a plan of {plan.Pages.Length} pages, more than half of what the guest holds"),
        ({ } made, _) => string.Create(CultureInfo.InvariantCulture, $"with a plan of {made.Pages.Length} pages"),
        (_, { } pack) when options.Resume.UsePack => string.Create(CultureInfo.InvariantCulture, $"with its pack of {pack.Pages} pages"),
        _ => "without a plan",
    };

    private static string Describe(ResumeReport report, int process)
    {
        string end = report.Outcome switch
        {
            ResumeOutcome.Complete => string.Create(CultureInfo.InvariantCulture, $"is whole after {report.TimeToFull!.Value.TotalSeconds:F3} s"),
            ResumeOutcome.GuestEnded => "has ended before it was whole",
            _ => "is left with pages missing: whoever touches one waits",
        };
        string ready = report.TimeToReady is { } time ? string.Create(CultureInfo.InvariantCulture, $"could run after {time.TotalSeconds:F3} s") : "never could run";
        string damage = report.DamagedPages.Count > 0 ? $"; {report.DamagedPages.Count} pages are damaged, the first {report.DamagedPages[0]}" : string.Empty;
        return string.Create(CultureInfo.InvariantCulture, $"""
            the guest of process {process} {ready} and {end}: {report.PreloadedPages} pages of the plan, {report.Faults.Total} demanded ({report.Faults.Unplanned} of them with content that was not planned), {report.BubbledPages} around those, {report.BackgroundPages} behind it{damage}
            half of the faults were served in {report.MedianService.TotalMicroseconds:F0} us, 99 of 100 in {report.Percentile99Service.TotalMicroseconds:F0} us
            """);
    }

    private void Say(string line)
    {
        lock (_output)
        {
            console.Error.WriteLine("pagestore: " + line);
        }
    }
}
