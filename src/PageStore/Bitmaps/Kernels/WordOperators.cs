using System.Runtime.Intrinsics;

namespace PageStore;

/// <summary>In the first, whatever the second: makes a count of one set from the count of a combination.</summary>
internal readonly struct FirstOperator : IWordOperator
{
    public static ulong Invoke(ulong a, ulong b) => a;

    public static Vector128<ulong> Invoke(Vector128<ulong> a, Vector128<ulong> b) => a;

    public static Vector256<ulong> Invoke(Vector256<ulong> a, Vector256<ulong> b) => a;

    public static Vector512<ulong> Invoke(Vector512<ulong> a, Vector512<ulong> b) => a;
}

/// <summary>In both.</summary>
internal readonly struct AndOperator : IWordOperator
{
    public static ulong Invoke(ulong a, ulong b) => a & b;

    public static Vector128<ulong> Invoke(Vector128<ulong> a, Vector128<ulong> b) => a & b;

    public static Vector256<ulong> Invoke(Vector256<ulong> a, Vector256<ulong> b) => a & b;

    public static Vector512<ulong> Invoke(Vector512<ulong> a, Vector512<ulong> b) => a & b;
}

/// <summary>In either.</summary>
internal readonly struct OrOperator : IWordOperator
{
    public static ulong Invoke(ulong a, ulong b) => a | b;

    public static Vector128<ulong> Invoke(Vector128<ulong> a, Vector128<ulong> b) => a | b;

    public static Vector256<ulong> Invoke(Vector256<ulong> a, Vector256<ulong> b) => a | b;

    public static Vector512<ulong> Invoke(Vector512<ulong> a, Vector512<ulong> b) => a | b;
}

/// <summary>In exactly one.</summary>
internal readonly struct XorOperator : IWordOperator
{
    public static ulong Invoke(ulong a, ulong b) => a ^ b;

    public static Vector128<ulong> Invoke(Vector128<ulong> a, Vector128<ulong> b) => a ^ b;

    public static Vector256<ulong> Invoke(Vector256<ulong> a, Vector256<ulong> b) => a ^ b;

    public static Vector512<ulong> Invoke(Vector512<ulong> a, Vector512<ulong> b) => a ^ b;
}

/// <summary>In the first and not in the second.</summary>
internal readonly struct AndNotOperator : IWordOperator
{
    public static ulong Invoke(ulong a, ulong b) => a & ~b;

    public static Vector128<ulong> Invoke(Vector128<ulong> a, Vector128<ulong> b) => Vector128.AndNot(a, b);

    public static Vector256<ulong> Invoke(Vector256<ulong> a, Vector256<ulong> b) => Vector256.AndNot(a, b);

    public static Vector512<ulong> Invoke(Vector512<ulong> a, Vector512<ulong> b) => Vector512.AndNot(a, b);
}
