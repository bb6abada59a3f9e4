using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace PageStore.Cli;

/// <summary>
/// One run of a hook. The guest waits for the end of /bin/sh only; the end of its output, which something in the background may hold open, is waited for behind
/// the running guest, for the rest of the same time.
/// </summary>
internal sealed class HookProcess
{
    /// <summary>What is left of its time behind Ctrl-C: the epoch is still to be committed within the time that the tool has then.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly TimeSpan _timeout;
    private readonly byte[] _output = new byte[PauseHook.MaxOutputBytes];
    private readonly CancellationTokenSource _outputEnd = new();
    private readonly Process? _process;
    private readonly Task<bool> _reading = Task.FromResult(false);
    private int _outputBytes;
    private string _ended = HookResult.Exited;
    private TimeSpan _ran;

    private HookProcess(Process process, TimeSpan timeout)
    {
        _process = process;
        _timeout = timeout;
        _reading = ReadAsync(process.StandardOutput.BaseStream);
    }

    private HookProcess(Win32Exception cause)
    {
        _ended = HookResult.NotStarted;
        _outputBytes = Encoding.UTF8.GetBytes(cause.Message.AsSpan(0, Math.Min(cause.Message.Length, _output.Length / 3)), _output);
    }

    /// <summary>Starts it. Does not throw where it cannot be started: the result says so.</summary>
    public static HookProcess Start(PauseHookOptions options, string file, EpochId epoch, params ReadOnlySpan<(string Name, string Value)> environment)
    {
        try
        {
            return new HookProcess(OperatorCommand.Start(options.Command, file, epoch, takesOutput: true, environment), options.Timeout);
        }
        catch (Win32Exception cause)
        {
            return new HookProcess(cause);
        }
    }

    /// <summary>Waits for its end, and makes one after the time that it has.</summary>
    /// <param name="interrupted">Shortens that time.</param>
    /// <param name="abandoned">Ends it at once.</param>
    public async Task EndAsync(CancellationToken interrupted, CancellationToken abandoned)
    {
        if (_process is null)
        {
            return;
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(abandoned);
        limit.CancelAfter(_timeout);
        using CancellationTokenRegistration shortened = interrupted.Register(() => limit.CancelAfter(Rest() < Grace ? Rest() : Grace));
        try
        {
            await _process.WaitForExitAsync(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // Not by the clock: a timer may be a moment early.
            _ended = interrupted.IsCancellationRequested || abandoned.IsCancellationRequested ? HookResult.Interrupted : HookResult.TimedOut;
            Kill();
        }

        _ran = Stopwatch.GetElapsedTime(_start);
    }

    /// <summary>What became of it. To be called once, behind <see cref="EndAsync"/>.</summary>
    public HookResult TakeResult()
    {
        if (_ended == HookResult.Exited)
        {
            _outputEnd.CancelAfter(Rest());
        }
        else
        {
            _outputEnd.Cancel();
        }

        // Who was killed may have had more to say, also where all that came was read.
        bool isWhole = (_reading.GetAwaiter().GetResult() && _ended == HookResult.Exited) || _process is null;
        int? exitCode = _ended == HookResult.Exited ? _process!.ExitCode : null;
        _process?.Dispose();
        _outputEnd.Dispose();
        return new HookResult(_ended, exitCode, _ran.TotalSeconds, Encoding.UTF8.GetString(_output, 0, _outputBytes), !isWhole);
    }

    private TimeSpan Rest() => _timeout > Stopwatch.GetElapsedTime(_start) ? _timeout - Stopwatch.GetElapsedTime(_start) : TimeSpan.Zero;

    /// <summary>Its end is not waited for: a process that hangs in the kernel would hold the guest.</summary>
    private void Kill()
    {
        try
        {
            _process!.Kill(entireProcessTree: true);
        }
        catch (Exception refused) when (refused is Win32Exception or AggregateException)
        {
            // A process that may not be ended, of another user: the guest does not wait for it either.
        }
    }

    /// <summary>Reads to the end, so that the command is never held up by what is not kept; says whether all of it is kept.</summary>
    private async Task<bool> ReadAsync(Stream output)
    {
        byte[] more = new byte[PauseHook.MaxOutputBytes];
        bool fits = true;
        try
        {
            int read;
            while ((read = await output.ReadAsync(more, _outputEnd.Token).ConfigureAwait(false)) > 0)
            {
                int kept = Math.Min(read, _output.Length - _outputBytes);
                more.AsSpan(0, kept).CopyTo(_output.AsSpan(_outputBytes));
                _outputBytes += kept;
                fits &= kept == read;
            }

            return fits;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
        finally
        {
            await output.DisposeAsync().ConfigureAwait(false);
        }
    }
}
