using System.Reflection;
using System.Runtime.CompilerServices;
using Xunit;

namespace PageStore.Tests.Sharing;

/// <summary>A claim can neither be given up twice nor be lost, and there is no way to have two of one.</summary>
public class LeaseTests
{
    private readonly FrameSlabs _slabs = new(new PageFramePoolOptions { BlockSize = 64, SlabShift = 8, Capacity = 10 * 64 });

    [Fact]
    public void A_frame_goes_with_its_last_claim()
    {
        var leases = new FrameLease[3];
        FrameLease.Take(_slabs, leases.AsSpan(0, 1));
        leases[0].ShareInto(_slabs, ref leases[1]);
        Assert.False(leases[0].IsSole(_slabs));
        leases[0].Dispose(_slabs);
        leases[0].Dispose(_slabs);
        Assert.True(leases[0].IsEmpty);
        Assert.True(leases[1].IsSole(_slabs));
        leases[1].MoveInto(ref leases[2]);
        Assert.True(leases[1].IsEmpty);
        leases[1].Dispose(_slabs);
        Assert.Equal(1, _slabs.Count().Frames);
        leases[2].Dispose(_slabs);
        Assert.Equal(0, _slabs.Count().Frames);
    }

    [Fact]
    public void A_claim_is_not_written_over()
    {
        var leases = new FrameLease[3];
        FrameLease.Take(_slabs, leases.AsSpan(0, 2));
        Assert.Throws<InvalidOperationException>(() => leases[0].MoveInto(ref leases[1]));
        Assert.Throws<InvalidOperationException>(() => leases[0].ShareInto(_slabs, ref leases[1]));
        Assert.True(leases[0].IsSole(_slabs) && leases[1].IsSole(_slabs));
        FrameLease.DisposeAll(_slabs, leases);
        Assert.Equal(0, _slabs.Count().Frames);
    }

    [Fact]
    public void Frames_are_taken_all_or_none()
    {
        var leases = new FrameLease[11];
        Assert.Throws<CapacityException>(() => FrameLease.Take(_slabs, leases));
        Assert.All(leases, lease => Assert.True(lease.IsEmpty));
        FrameLease.Take(_slabs, leases.AsSpan(1));
        Assert.Equal(10, _slabs.Count().Frames);
        FrameLease.DisposeAll(_slabs, leases);
        Assert.Equal(0, _slabs.Count().Frames);
    }

    /// <summary>What the types cannot forbid is seen where it happens: a copy of a lease that outlives it.</summary>
    [Fact]
    public void What_has_no_owner_is_not_released_or_shared()
    {
        var leases = new FrameLease[2];
        FrameLease.Take(_slabs, leases.AsSpan(0, 1));
        FrameLease copy = leases[0];
        leases[0].Dispose(_slabs);
        Assert.Throws<InvalidOperationException>(() => copy.ShareInto(_slabs, ref leases[1]));
        Assert.Throws<InvalidOperationException>(() => copy.Dispose(_slabs));
        Assert.Equal(0, _slabs.Count().Frames);
        FrameLease.Take(_slabs, leases.AsSpan(0, 1));
        Assert.True(leases[0].IsSole(_slabs));
        leases[0].Dispose(_slabs);
    }

    /// <summary>Leases lie in the slots of nodes and in images, and go about by reference only.</summary>
    [Theory]
    [InlineData(typeof(FrameLease))]
    [InlineData(typeof(NodeLease))]
    public void No_code_has_a_lease_by_value(Type lease)
    {
        const BindingFlags All = BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
        Type[] types = typeof(MemoryImage).Assembly.GetTypes();
        MethodBase[] methods = [.. types.SelectMany(type => type.GetMethods(All).Concat<MethodBase>(type.GetConstructors(All)))];
        Assert.DoesNotContain(methods, method => method.GetParameters().Any(parameter => parameter.ParameterType == lease));
        Assert.DoesNotContain(methods, method => method is MethodInfo { ReturnType: { } type } && type == lease);
        Assert.DoesNotContain(methods, method => method.GetMethodBody()?.LocalVariables.Any(local => local.LocalType == lease) == true);
        FieldInfo[] fields = [.. types.SelectMany(type => type.GetFields(All)).Where(field => field.FieldType == lease)];
        Assert.NotEmpty(fields);
        Assert.All(fields, field => Assert.True(field.DeclaringType == typeof(MemoryImage) || field.DeclaringType!.IsDefined(typeof(InlineArrayAttribute)), $"{field.DeclaringType}.{field.Name}"));
    }
}
