namespace PageStore.Native;

/// <summary>What the result codes of lazy memory mean.</summary>
internal static class LazyErrors
{
    internal static Exception Make(ShimResult result, int errno, string what) => result switch
    {
        ShimResult.LazyOpen when errno == NativeErrors.Ebadf =>
            NativeErrors.Unsupported(errno, what, "the descriptor is no userfaultfd: the other side must send the one with which it registered the guest's memory."),
        ShimResult.LazyFill when errno == NativeErrors.Enomem =>
            NativeErrors.Storage(errno, what, "free memory, or raise the limit of the guest's control group."),
        ShimResult.Socket => NativeErrors.Storage(errno, what, "the other side has closed the socket, or speaks something else."),
        _ => NativeErrors.Storage(errno, what, "see the system's log."),
    };
}
