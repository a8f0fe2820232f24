"""A report that is made up: every kind of block and value is in it."""

from datetime import UTC, datetime

from sinks.reports.model import Bar, Chart, Column, Definition, Figure, Finding, Report, Row, Section, Table

BEGIN = datetime(2026, 11, 9, tzinfo=UTC)
END = datetime(2026, 11, 16, tzinfo=UTC)


def table(said: str = "billing", key: str = "by_category") -> Table:
    return Table(
        key=key,
        title="By category",
        columns=(
            Column(name="category", unit="text"),
            Column(name="messages"),
            Column(name="negative", unit="share"),
            Column(name="time to resolution", unit="seconds"),
        ),
        rows=(
            Row(values=(said, 1234, 0.412, 93_600.0), tickets="/api/v1/tickets?category=billing"),
            Row(values=("account", 98, None, None)),
        ),
        note="Of customers' messages.",
    )


def chart(said: str = "billing") -> Chart:
    return Chart(
        form="bars",
        title="Messages by category",
        summary=f"Most are about {said}.",
        bars=(
            Bar(label=said, parts=(("negative", 508.0), ("other", 726.0))),
            Bar(label="account", parts=(("negative", 0.0), ("other", 98.0))),
        ),
        legend=(("negative", "negative"), ("other", "other")),
        table=table(said),
    )


def volume() -> Chart:
    days = [f"{day} Nov" for day in range(9, 16)]
    sizes = [120, 180, 160, 240, 90, 30, 0]
    return Chart(
        form="columns",
        title="Messages by day",
        summary="820 messages in 7 days, most of them on 12 Nov.",
        bars=tuple(
            Bar(label=day, parts=(("negative", size * 0.3), ("other", size * 0.7)))
            for day, size in zip(days, sizes, strict=True)
        ),
        legend=(("negative", "negative"), ("other", "other")),
        table=Table(
            key="by_day",
            title="By day",
            columns=(Column(name="day", unit="text"), Column(name="messages")),
            rows=tuple(Row(values=(day, size)) for day, size in zip(days, sizes, strict=True)),
        ),
    )


def report(said: str = "billing", **changed: object) -> Report:
    """`said` stands wherever a customer's words may."""
    made = Report(
        report_id="5d0c2b1e-0000-5000-8000-000000000000",
        title="Support report, 9 – 15 November 2026",
        tenant="shop",
        begin=BEGIN,
        end=END,
        generated_at=datetime(2026, 11, 16, 6, 0, tzinfo=UTC),
        filters=(f"category {said}",),
        figures=(
            Figure(name="tickets", value=1_332, unit="count", before=1_100, change="up"),
            Figure(name="negative", value=0.31, unit="share", before=0.24, change="up", better="down"),
            Figure(name="time to resolution", value=10_920.0, unit="seconds", before=11_000.0, change="none"),
            Figure(name="rating", value=None, unit="points"),
        ),
        findings=(
            Finding(
                key="negative_share",
                level="act",
                title=f"More than a fifth is negative: {said}",
                text=f"Look at {said} first.",
                rests_on=(Figure(name="negative", value=0.31, unit="share", low=0.27, high=0.35, before=0.24),),
                tickets=("T-1", said),
                behind="/api/v1/tickets?label=negative",
            ),
            Finding(key="calm", level="watch", title="Replies may be slower", text="It may be chance."),
        ),
        sections=(
            Section(key="trends", title="Volume and trends", blocks=(volume(),)),
            Section(
                key="distribution",
                title="Distributions",
                lead=f"Led by {said}.",
                blocks=(chart(said), table(said).model_copy(update={"title": "The same again"})),
            ),
            Section(key="issues", title=f"Issues {said}", blocks=(table(said).model_copy(update={"rows": ()}),)),
        ),
        definitions=(Definition(name="negative", text="negative or very negative, of scored messages of customers"),),
    )
    return made.model_copy(update=changed)
