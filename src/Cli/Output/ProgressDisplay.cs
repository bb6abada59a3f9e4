using Spectre.Console;

namespace PageStore.Cli;

/// <summary>Shows how far something is, if it takes longer than a second and a person looks.</summary>
internal static class ProgressDisplay
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Refresh = TimeSpan.FromMilliseconds(100);

    /// <summary>Runs the work.</summary>
    /// <param name="console">Where progress goes.</param>
    /// <param name="title">What is being done.</param>
    /// <param name="unit">What is counted, in the plural.</param>
    /// <param name="total">How many there will be, or null where that is not known.</param>
    /// <param name="work">The work; it reports how many are done.</param>
    public static async Task<T> RunAsync<T>(ToolConsole console, string title, string unit, long? total, Func<IProgress<long>, Task<T>> work)
    {
        var counter = new Counter();
        Task<T> running = Task.Run(() => work(counter));
        if (console.Interactive && await Task.WhenAny(running, Task.Delay(Patience)) != running)
        {
            await ShowAsync(console, title, unit, total, counter, running);
        }

        return await running;
    }

    private static Task ShowAsync(ToolConsole console, string title, string unit, long? total, Counter counter, Task running) =>
        console.Progress().Progress().AutoClear(true)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new ElapsedTimeColumn())
            .StartAsync(async context =>
            {
                ProgressTask task = context.AddTask(title, maxValue: Math.Max(total ?? 1, 1));
                task.IsIndeterminate = total is null;
                while (await Task.WhenAny(running, Task.Delay(Refresh)) != running)
                {
                    task.Description = $"{title}, {counter.Value} {unit}";
                    task.Value = total is null ? 0 : counter.Value;
                }
            });

    private sealed class Counter : IProgress<long>
    {
        private long _value;

        public long Value => Volatile.Read(ref _value);

        public void Report(long value) => Volatile.Write(ref _value, value);
    }
}
