namespace PageStore.Cli.Tests;

/// <summary>The processes that a process of the tool started.</summary>
internal static class ChildProcesses
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Those of a process, as soon as it has any.</summary>
    public static async Task<int[]> WaitForAsync(int parent)
    {
        while (true)
        {
            string text = string.Join(' ', Directory.GetDirectories($"/proc/{parent}/task").Select(task => File.ReadAllText(Path.Combine(task, "children"))));
            int[] children = [.. text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse)];
            if (children.Length > 0)
            {
                return children;
            }

            await Task.Delay(10, Cancellation);
        }
    }

    /// <summary>Waits until none of them is there any more.</summary>
    public static async Task WaitForEndAsync(int[] children)
    {
        foreach (int child in children)
        {
            while (Directory.Exists($"/proc/{child}"))
            {
                await Task.Delay(20, Cancellation);
            }
        }
    }
}
