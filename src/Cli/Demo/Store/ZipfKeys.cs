namespace PageStore.Cli;

/// <summary>
/// Draws keys from 1 to n so that few are drawn often: the generator of Gray et al., "Quickly generating billion-record synthetic
/// databases" (SIGMOD 1994), with the skew that YCSB made customary. For one thread.
/// </summary>
internal sealed class ZipfKeys
{
    /// <summary>YCSB's default skew.</summary>
    private const double Theta = 0.99;

    private readonly Random _random;
    private readonly long _keys;
    private readonly double _zeta;
    private readonly double _alpha = 1 / (1 - Theta);
    private readonly double _eta;

    public ZipfKeys(long keys, Random random)
    {
        _keys = keys;
        _random = random;
        for (long i = 1; i <= keys; i++)
        {
            _zeta += Math.Pow(i, -Theta);
        }

        double zeta2 = 1 + Math.Pow(2, -Theta);
        _eta = (1 - Math.Pow(2.0 / keys, 1 - Theta)) / (1 - (zeta2 / _zeta));
    }

    /// <summary>The next key.</summary>
    public ulong Next()
    {
        double uniform = _random.NextDouble();
        double scaled = uniform * _zeta;
        if (scaled < 1)
        {
            return 1;
        }

        if (scaled < 1 + Math.Pow(2, -Theta))
        {
            return 2;
        }

        return 1 + (ulong)Math.Min(_keys - 1, (long)(_keys * Math.Pow((_eta * uniform) - _eta + 1, _alpha)));
    }
}
