using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace PageStore.Native.Tests;

/// <summary>Header, library, managed declarations and document describe the same interface.</summary>
public sealed partial class AbiTests
{
    /// <summary>How many functions version 11 exports.</summary>
    private const int Functions = 83;

    [Fact]
    public void The_library_exports_what_the_header_declares_and_nothing_else()
    {
        IEnumerable<string> exported = ElfExports.Of(Path.Combine(AppContext.BaseDirectory, "libpagestore_native.so"));
        Assert.Equal(Declared().Order(StringComparer.Ordinal), exported.Order(StringComparer.Ordinal));
        Assert.Equal(Functions, Declared().Count());
    }

    [Fact]
    public void The_managed_side_imports_every_function()
    {
        IEnumerable<string?> imported = typeof(NativeMethods)
            .GetMethods(BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
            .Select(method => method.GetCustomAttribute<LibraryImportAttribute>()?.EntryPoint ?? method.GetCustomAttribute<DllImportAttribute>()?.EntryPoint)
            .Where(name => name is not null)
            .Distinct();
        Assert.Equal(Declared().Order(StringComparer.Ordinal), imported.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_document_describes_every_function_and_struct()
    {
        string document = Resource("native-abi.md");
        Assert.All(Declared(), name => Assert.Contains($"### `{name}`", document, StringComparison.Ordinal));
        Assert.Equal(Functions, DocumentedFunction().Count(document));
        Assert.All(["struct ps_abi_sizes", "struct ps_linux_caps", "struct ps_xen_info", "struct ps_xen_stats", "struct ps_xen_tsc", "struct ps_kvm_caps", "struct ps_kvm_status", "struct ps_kvm_sample", "struct ps_lazy_event"], name => Assert.Contains(name, document, StringComparison.Ordinal));
    }

    [Fact]
    public void The_numbers_of_the_header_are_those_of_the_managed_side()
    {
        string header = Resource("ps_abi.h");
        Assert.Contains($"#define PS_ABI_VERSION {NativeAbi.Version}\n", header, StringComparison.Ordinal);
        foreach (ShimResult result in Enum.GetValues<ShimResult>())
        {
            string name = $"PS_{WordBoundary().Replace(result.ToString(), "_").ToUpperInvariant()}";
            Assert.Matches($@"\b{name} = {(int)result},", header);
            Assert.Contains($"`{name}`", Resource("native-abi.md"), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Another_version_is_refused_by_number()
    {
        UnsupportedException e = Assert.Throws<UnsupportedException>(() => NativeAbi.Compare(NativeAbi.Version + 1, GoodSizes()));
        Assert.Contains($"ABI version {NativeAbi.Version + 1}", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Other_struct_sizes_are_refused()
    {
        NativeAbi.Compare(NativeAbi.Version, GoodSizes());
        Assert.Throws<UnsupportedException>(() => NativeAbi.Compare(NativeAbi.Version, GoodSizes() with { SizesBytes = 20 }));
        Assert.Throws<UnsupportedException>(() => NativeAbi.Compare(NativeAbi.Version, GoodSizes() with { CapsBytes = 40 }));
        Assert.Throws<UnsupportedException>(() => NativeAbi.Compare(NativeAbi.Version, GoodSizes() with { PointerBytes = 4 }));
        Assert.Throws<UnsupportedException>(() => NativeAbi.Compare(NativeAbi.Version, GoodSizes() with { PageBytes = 65536 }));
        Assert.Throws<UnsupportedException>(() => NativeAbi.Compare(NativeAbi.Version, GoodSizes() with { XenInfoBytes = 40 }));
        Assert.Throws<UnsupportedException>(() => NativeAbi.Compare(NativeAbi.Version, GoodSizes() with { XenStatsBytes = 16 }));
        Assert.Throws<UnsupportedException>(() => NativeAbi.Compare(NativeAbi.Version, GoodSizes() with { XenTscBytes = 16 }));
        Assert.Throws<UnsupportedException>(() => NativeAbi.Compare(NativeAbi.Version, GoodSizes() with { KvmCapsBytes = 16 }));
        Assert.Throws<UnsupportedException>(() => NativeAbi.Compare(NativeAbi.Version, GoodSizes() with { KvmStatusBytes = 40 }));
        Assert.Throws<UnsupportedException>(() => NativeAbi.Compare(NativeAbi.Version, GoodSizes() with { KvmSampleBytes = 8 }));
        Assert.Throws<UnsupportedException>(() => NativeAbi.Compare(NativeAbi.Version, GoodSizes() with { LazyEventBytes = 16 }));
    }

    [Fact]
    public void The_shim_says_the_sizes_this_side_expects()
    {
        Assert.Equal(ShimResult.Ok, NativeMethods.AbiDescribe(out AbiSizes sizes, out int errno));
        Assert.Equal(0, errno);
        Assert.Equal(GoodSizes(), sizes);
    }

    private static AbiSizes GoodSizes() => new()
    {
        SizesBytes = 44,
        CapsBytes = 32,
        PointerBytes = 8,
        PageBytes = (uint)Environment.SystemPageSize,
        XenInfoBytes = 32,
        XenStatsBytes = 8,
        XenTscBytes = 24,
        KvmCapsBytes = 24,
        KvmStatusBytes = 48,
        KvmSampleBytes = 16,
        LazyEventBytes = 24,
    };

    private static IEnumerable<string> Declared() => DeclaredFunction().Matches(Resource("ps_abi.h")).Select(match => match.Groups[1].Value);

    private static string Resource(string name)
    {
        using var reader = new StreamReader(typeof(AbiTests).Assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }

    [GeneratedRegex(@"^PS_API int32_t (ps_\w+)\(", RegexOptions.Multiline)]
    private static partial Regex DeclaredFunction();

    [GeneratedRegex("(?<=[a-z0-9])(?=[A-Z])")]
    private static partial Regex WordBoundary();

    [GeneratedRegex("^### `ps_", RegexOptions.Multiline)]
    private static partial Regex DocumentedFunction();
}
