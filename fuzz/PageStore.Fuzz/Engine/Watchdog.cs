using System.Diagnostics;

namespace PageStore.Fuzz;

/// <summary>Ends the process when one input takes too long: a hang cannot be caught, only told.</summary>
internal sealed class Watchdog : IDisposable
{
    /// <summary>Processor time that one input may take. On a busy machine the clock on the wall would accuse the innocent.</summary>
    public static readonly TimeSpan ProcessorLimit = TimeSpan.FromSeconds(5);

    /// <summary>Time on the wall that one input may take: a wait without end uses no processor.</summary>
    private static readonly TimeSpan WallLimit = TimeSpan.FromSeconds(60);

    private readonly Action<byte[]> _onHang;
    private readonly ManualResetEventSlim _stop = new();
    private readonly Thread _thread;
    private byte[]? _input;
    private long _number;

    /// <summary>Starts watching.</summary>
    /// <param name="onHang">Told the input that hangs; does not return.</param>
    public Watchdog(Action<byte[]> onHang)
    {
        _onHang = onHang;
        _thread = new Thread(Watch) { IsBackground = true, Name = "watchdog" };
        _thread.Start();
    }

    /// <summary>An input begins.</summary>
    public void Begin(byte[] input)
    {
        Volatile.Write(ref _input, input);
        Volatile.Write(ref _number, _number + 1);
    }

    /// <summary>The input has come to its end.</summary>
    public void End() => Volatile.Write(ref _input, null);

    public void Dispose()
    {
        _stop.Set();
        _thread.Join();
        _stop.Dispose();
    }

    private void Watch()
    {
        using var self = Process.GetCurrentProcess();
        long number = -1;
        TimeSpan processor = default;
        long since = 0;
        while (!_stop.Wait(TimeSpan.FromMilliseconds(250)))
        {
            byte[]? input = Volatile.Read(ref _input);
            long now = Volatile.Read(ref _number);
            if (input is null || now != number)
            {
                number = now;
                since = Stopwatch.GetTimestamp();
                self.Refresh();
                processor = self.TotalProcessorTime;
                continue;
            }

            self.Refresh();
            if (self.TotalProcessorTime - processor > ProcessorLimit || Stopwatch.GetElapsedTime(since) > WallLimit)
            {
                _onHang(input);
            }
        }
    }
}
