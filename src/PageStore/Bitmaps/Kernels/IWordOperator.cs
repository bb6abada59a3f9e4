using System.Runtime.Intrinsics;

namespace PageStore;

/// <summary>One bitwise operation at every width, so that each driver is written once and specialised by the JIT.</summary>
internal interface IWordOperator
{
    /// <summary>The operation on one word.</summary>
    static abstract ulong Invoke(ulong a, ulong b);

    /// <summary>The operation on two words.</summary>
    static abstract Vector128<ulong> Invoke(Vector128<ulong> a, Vector128<ulong> b);

    /// <summary>The operation on four words.</summary>
    static abstract Vector256<ulong> Invoke(Vector256<ulong> a, Vector256<ulong> b);

    /// <summary>The operation on eight words.</summary>
    static abstract Vector512<ulong> Invoke(Vector512<ulong> a, Vector512<ulong> b);
}
