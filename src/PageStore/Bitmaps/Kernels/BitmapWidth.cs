using System.Runtime.Intrinsics;

namespace PageStore;

/// <summary>How many bits the kernels take at once.</summary>
internal enum BitmapWidth
{
    /// <summary>One word at a time, on any processor.</summary>
    Scalar = 64,

    /// <summary>SSE and Neon.</summary>
    V128 = 128,

    /// <summary>AVX2.</summary>
    V256 = 256,

    /// <summary>AVX-512.</summary>
    V512 = 512,
}

/// <summary>Questions about a <see cref="BitmapWidth"/>.</summary>
internal static class BitmapWidths
{
    /// <summary>The widest that this processor has: a constant to the JIT.</summary>
    public static BitmapWidth Widest =>
        IsSupported(BitmapWidth.V512) ? BitmapWidth.V512
        : IsSupported(BitmapWidth.V256) ? BitmapWidth.V256
        : IsSupported(BitmapWidth.V128) ? BitmapWidth.V128
        : BitmapWidth.Scalar;

    /// <summary>Whether this processor has a width.</summary>
    public static bool IsSupported(BitmapWidth width) => width switch
    {
        BitmapWidth.Scalar => true,
        BitmapWidth.V128 => Vector128.IsHardwareAccelerated,
        BitmapWidth.V256 => Vector256.IsHardwareAccelerated,
        BitmapWidth.V512 => Vector512.IsHardwareAccelerated,
        _ => false,
    };
}
