namespace PageStore.Native.Tests;

/// <summary>Which failure becomes which exception, and that each message carries errno and advice.</summary>
public sealed class NativeErrorsTests
{
    [Theory]
    [InlineData(ShimResult.Userfaultfd, NativeErrors.Eperm)]
    [InlineData(ShimResult.Userfaultfd, NativeErrors.Enosys)]
    [InlineData(ShimResult.Features, NativeErrors.Einval)]
    [InlineData(ShimResult.Pagemap, NativeErrors.Eacces)]
    [InlineData(ShimResult.Register, NativeErrors.Einval)]
    internal void What_the_host_cannot_do_is_unsupported(ShimResult result, int errno)
    {
        UnsupportedException e = Assert.IsType<UnsupportedException>(NativeErrors.Make(result, errno, "Doing it"));
        Assert.Equal(errno, e.Errno);
        Assert.StartsWith("Doing it is not supported", e.Message, StringComparison.Ordinal);
        Assert.Contains($"errno {errno}", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ShimResult.Memory, NativeErrors.Enomem, "free memory")]
    [InlineData(ShimResult.Register, NativeErrors.Enomem, "free memory")]
    [InlineData(ShimResult.Register, NativeErrors.Ebusy, "another userfaultfd")]
    [InlineData(ShimResult.Scan, NativeErrors.Enomem, "in full")]
    [InlineData(ShimResult.Scan, 5, "in full")]
    [InlineData(ShimResult.Read, 5, "system's log")]
    [InlineData(ShimResult.Drop, NativeErrors.Einval, "locked memory")]
    internal void What_the_host_refuses_is_a_storage_error(ShimResult result, int errno, string advice)
    {
        StorageException e = Assert.IsType<StorageException>(NativeErrors.Make(result, errno, "Doing it"));
        Assert.Equal(errno, e.Errno);
        Assert.Contains(advice, e.Message, StringComparison.Ordinal);
        Assert.Contains($"errno {errno}", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ShimResult.Argument)]
    [InlineData(ShimResult.State)]
    internal void What_the_managed_side_should_have_caught_is_a_defect(ShimResult result) =>
        Assert.IsType<InvalidOperationException>(NativeErrors.Make(result, 0, "Doing it"));
}
