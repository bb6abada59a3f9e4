using Xunit;

namespace PageStore.Tests.Prediction;

public sealed class ResumePlanTests
{
    [Theory]
    [InlineData(10, 20, false)]
    [InlineData(11, 20, true)]
    [InlineData(1, 0, true)]
    [InlineData(0, 0, false)]
    public void A_plan_of_more_than_half_of_the_guest_is_flagged(int pages, long configured, bool large)
    {
        var plan = new ResumePlan(new EpochId(3), [.. Enumerable.Range(0, pages).Select(page => new Pfn(page))], configured);

        Assert.Equal((new EpochId(3), pages, large), (plan.Epoch, plan.Pages.Length, plan.IsLarge));
    }

    [Fact]
    public void Budgets_are_whole_pages()
    {
        Assert.Equal(0, ResumeBudget.None.Pages);
        Assert.Equal(2, ResumeBudget.OfBytes(12287, 4096).Pages);
        Assert.Equal(7, ResumeBudget.OfAccessed(5, 1.5).Pages);
        Assert.Throws<ArgumentOutOfRangeException>(() => ResumeBudget.OfBytes(-1, 4096));
        Assert.Throws<ArgumentOutOfRangeException>(() => ResumeBudget.OfAccessed(1, -1));
    }
}
