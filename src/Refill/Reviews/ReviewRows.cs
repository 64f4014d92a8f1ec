using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Refill.Reviews;

// Reviews are few beside top-ups, and are read by plan: they belong to no cell.

public sealed class ReviewRow : IEntityTypeConfiguration<ReviewRow>
{
    public Guid Id { get; set; }
    public Guid TopUpId { get; set; }
    public string PlanCode { get; set; } = "";
    public int Stars { get; set; }
    public string Text { get; set; } = "";
    public string Place { get; set; } = "";
    public string Language { get; set; } = "";
    public int State { get; set; }
    public int Held { get; set; }
    public string? Reason { get; set; }
    public DateTimeOffset CreatedAt { get; set; }

    /// <summary>When a person last published or hid it.</summary>
    public DateTimeOffset? DecidedAt { get; set; }

    public string? Answer { get; set; }
    public DateTimeOffset? AnsweredAt { get; set; }

    /// <summary>Since a person last published it.</summary>
    public int Reports { get; set; }

    public void Configure(EntityTypeBuilder<ReviewRow> builder)
    {
        builder.ToTable("review");
        builder.HasKey(row => row.Id);
        builder.Property(row => row.Id).ValueGeneratedNever();
        builder.HasIndex(row => row.TopUpId).IsUnique();
        builder.HasIndex(row => new { row.PlanCode, row.State, row.CreatedAt });
    }

    public Review ToReview() => new(Id, PlanCode, Stars, Text, Place, Language, (ReviewState)State, (HoldReason)Held, Reason, CreatedAt, Answer, AnsweredAt, Reports);
}

/// <summary>One reader's report of one review.</summary>
public sealed class ReviewReportRow : IEntityTypeConfiguration<ReviewReportRow>
{
    public Guid ReviewId { get; set; }

    /// <summary>A keyed hash of where the reader is; it names nobody.</summary>
    public byte[] Reporter { get; set; } = [];

    public DateTimeOffset At { get; set; }

    public void Configure(EntityTypeBuilder<ReviewReportRow> builder)
    {
        builder.ToTable("review_report");
        builder.HasKey(row => new { row.ReviewId, row.Reporter });
    }
}
