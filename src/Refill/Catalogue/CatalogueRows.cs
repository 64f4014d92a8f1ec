using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Refill.Units;

namespace Refill.Catalogue;

// The catalogue is the same for all cells and changes rarely: reference tables, written with EF by the import alone.

public sealed class CarrierRow : IEntityTypeConfiguration<CarrierRow>
{
    public string Code { get; set; } = "";
    public string Name { get; set; } = "";
    public string Network { get; set; } = "";
    public string Connector { get; set; } = "";
    public string ConnectorReference { get; set; } = "";
    public string TimeZone { get; set; } = "";
    public long? SimPriceCents { get; set; }

    public void Configure(EntityTypeBuilder<CarrierRow> builder)
    {
        builder.ToTable("carrier");
        builder.HasKey(row => row.Code);
    }

    public Carrier ToCarrier() => new(Code, Name, Network, Connector, ConnectorReference, TimeZone) { SimPrice = SimPriceCents is { } cents ? Money.Usd(cents) : null };
}

public sealed class PlanRow : IEntityTypeConfiguration<PlanRow>
{
    public string Code { get; set; } = "";
    public string CarrierCode { get; set; } = "";
    public string Name { get; set; } = "";
    public string CarrierProduct { get; set; } = "";
    public int FullSpeedKind { get; set; }
    public long FullSpeedBytes { get; set; }
    public bool FullSpeedDaily { get; set; }
    public int AfterQuota { get; set; }
    public int? ThrottleKbps { get; set; }
    public int VoiceKind { get; set; }
    public long VoiceSeconds { get; set; }
    public int SmsKind { get; set; }
    public long SmsMessages { get; set; }
    public int Hotspot { get; set; }
    public int HotspotKind { get; set; }
    public long HotspotBytes { get; set; }
    public int ValidityCount { get; set; }
    public int ValidityClock { get; set; }
    public int Activation { get; set; }
    public int Stacking { get; set; }
    public bool Verified { get; set; }
    public string Source { get; set; } = "";
    public string Note { get; set; } = "";
    public DateTimeOffset? WithdrawnAt { get; set; }

    public void Configure(EntityTypeBuilder<PlanRow> builder)
    {
        builder.ToTable("plan");
        builder.HasKey(row => row.Code);
        builder.HasIndex(row => row.CarrierCode);
    }

    public Plan ToPlan(Money price, string timeZone) => new(
        Code, CarrierCode, Name, CarrierProduct,
        new Allowance((AllowanceKind)FullSpeedKind, FullSpeedBytes), (AfterQuota)AfterQuota, ThrottleKbps,
        new Allowance((AllowanceKind)VoiceKind, VoiceSeconds), new Allowance((AllowanceKind)SmsKind, SmsMessages),
        (Hotspot)Hotspot, new Allowance((AllowanceKind)HotspotKind, HotspotBytes),
        new ValidityRule(ValidityCount, (ValidityClock)ValidityClock, (Activation)Activation, timeZone),
        price, Note, Verified, Source)
    {
        IsDaily = FullSpeedDaily,
        Stacking = (Stacking)Stacking,
    };

    public static PlanRow From(Plan plan) => new()
    {
        Code = plan.Code,
        CarrierCode = plan.CarrierCode,
        Name = plan.Name,
        CarrierProduct = plan.CarrierProduct,
        FullSpeedKind = (int)plan.FullSpeed.Kind,
        FullSpeedBytes = plan.FullSpeed.Amount,
        FullSpeedDaily = plan.IsDaily,
        AfterQuota = (int)plan.AfterQuota,
        ThrottleKbps = plan.ThrottleKbps,
        VoiceKind = (int)plan.Voice.Kind,
        VoiceSeconds = plan.Voice.Amount,
        SmsKind = (int)plan.Sms.Kind,
        SmsMessages = plan.Sms.Amount,
        Hotspot = (int)plan.Hotspot,
        HotspotKind = (int)plan.HotspotData.Kind,
        HotspotBytes = plan.HotspotData.Amount,
        ValidityCount = plan.Validity.Count,
        ValidityClock = (int)plan.Validity.Clock,
        Activation = (int)plan.Validity.Activation,
        Stacking = (int)plan.Stacking,
        Verified = plan.Verified,
        Source = plan.Source,
        Note = plan.Note,
    };
}

/// <summary>A price and since when it holds. Never changed: a new price is a new row, and a quote made yesterday is honoured as quoted.</summary>
public sealed class PlanPriceRow : IEntityTypeConfiguration<PlanPriceRow>
{
    public string PlanCode { get; set; } = "";
    public DateTimeOffset ValidFrom { get; set; }
    public long Cents { get; set; }

    public void Configure(EntityTypeBuilder<PlanPriceRow> builder)
    {
        builder.ToTable("plan_price");
        builder.HasKey(row => new { row.PlanCode, row.ValidFrom });
    }
}

public sealed class ExchangeRateRow : IEntityTypeConfiguration<ExchangeRateRow>
{
    public Guid Id { get; set; }
    public string FromCurrency { get; set; } = "";
    public string ToCurrency { get; set; } = "";
    public long RateMicro { get; set; }
    public string Source { get; set; } = "";
    public DateTimeOffset TakenAt { get; set; }

    public void Configure(EntityTypeBuilder<ExchangeRateRow> builder)
    {
        builder.ToTable("exchange_rate");
        builder.HasKey(row => row.Id);
        builder.HasIndex(row => new { row.FromCurrency, row.ToCurrency, row.TakenAt });
    }
}
