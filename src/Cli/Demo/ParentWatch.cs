namespace PageStore.Cli;

/// <summary>Notices when whoever started this process is gone: then nobody holds the other end of its standard input any more.</summary>
internal sealed class ParentWatch : IDisposable
{
    private readonly CancellationTokenSource _gone;

    /// <summary>Begins to watch.</summary>
    /// <param name="input">Standard input, from which nothing is expected.</param>
    /// <param name="cancellation">Cancels <see cref="Token"/>, too.</param>
    public ParentWatch(Stream input, CancellationToken cancellation)
    {
        _gone = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Token = _gone.Token;
        new Thread(() => WaitForEnd(input)) { IsBackground = true, Name = "parent watch" }.Start();
    }

    /// <summary>Cancelled when nobody is there.</summary>
    public CancellationToken Token { get; }

    public void Dispose() => _gone.Dispose();

    private void WaitForEnd(Stream input)
    {
        try
        {
            while (input.Read(new byte[1]) > 0)
            {
            }

            _gone.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The work ended first.
        }
    }
}
