"""What a report is: sections of tables and charts, and findings with the figures that they rest on. Data, no markup.

Values are raw (a share is 0 to 1, a time is in seconds); how they are written is a renderer's business.
"""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

# What a value is: it decides how it is written. `points` are of a score (0 to 10) or a rating (1 to 5).
Unit = Literal["text", "count", "share", "seconds", "points", "time"]
Value = str | int | float | datetime | None
# What a part of a chart stands for; its colour follows from it.
Tone = Literal["very_negative", "negative", "neutral", "positive", "very_positive", "plain", "other"]
# act: it is certain enough that somebody should do something. watch: it may be chance. good: it has become better.
Level = Literal["act", "watch", "good"]


class Part(BaseModel):
    """Of a report: frozen."""

    model_config = ConfigDict(frozen=True)


class Figure(Part):
    """A figure with a name. `low` and `high` are the bounds of its 95 % interval, `before` is the span before."""

    name: str
    value: Value
    unit: Unit
    low: float | None = None
    high: float | None = None
    before: Value = None
    # Whether the change from `before` is more than chance: up, down, or none that can be told from noise.
    change: Literal["up", "down", "none"] | None = None
    better: Literal["up", "down"] | None = None


class Column(Part):
    """A column of a table."""

    name: str
    unit: Unit = "count"


class Row(Part):
    """A row: a value for each column; where the tickets behind it are, beginning with "/", or which `ticket` it is."""

    values: tuple[Value, ...]
    tickets: str | None = None
    ticket: str | None = None


class Table(Part):
    """`key` names it for programs; `empty` is what is said of a table without rows."""

    kind: Literal["table"] = "table"
    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    empty: str = "Nothing."
    note: str = ""


class Bar(Part):
    """A bar of a chart: its parts lie one on the other, and `label` names it."""

    label: str
    parts: tuple[tuple[Tone, float], ...]


class Chart(Part):
    """`bars` of counts lie along the page, `columns` stand side by side as in time. `summary` says in a sentence what
    is seen; the table behind it has the figures.
    """

    kind: Literal["chart"] = "chart"
    form: Literal["bars", "columns"]
    title: str
    summary: str
    bars: tuple[Bar, ...]
    legend: tuple[tuple[Tone, str], ...] = ()
    table: Table


class Point(Part):
    """A figure at a time, and its interval."""

    at: datetime
    value: float
    low: float
    high: float


class Band(Part):
    """A figure over time with its interval about it. `lines` are values that matter, named; 0 always is one."""

    kind: Literal["band"] = "band"
    title: str
    summary: str
    unit: Unit
    points: tuple[Point, ...]
    lines: tuple[tuple[str, float], ...] = ()
    legend: tuple[tuple[Tone, str], ...] = ()
    table: Table


Block = Table | Chart | Band


class Finding(Part):
    """Something to do or to know. `rests_on` are its figures, `tickets` ids of tickets behind it, the worst first."""

    key: str
    level: Level
    title: str
    text: str
    rests_on: tuple[Figure, ...] = ()
    tickets: tuple[str, ...] = ()
    behind: str | None = None


class Section(Part):
    """A section. `lead` says in a sentence what it shows."""

    key: str
    title: str
    lead: str = ""
    blocks: tuple[Block, ...]


class Definition(Part):
    """What a figure means."""

    name: str
    text: str


class Report(Part):
    """Of `begin` to before `end` (UTC). `report_id` follows from whose it is and of what span and schedule. `is_empty`:
    nothing is stored of the span. `filters` says in words what it was confined to.
    """

    report_id: str
    title: str
    tenant: str
    begin: datetime
    end: datetime
    generated_at: datetime
    filters: tuple[str, ...] = ()
    is_empty: bool = False
    figures: tuple[Figure, ...] = ()
    findings: tuple[Finding, ...] = ()
    sections: tuple[Section, ...] = ()
    definitions: tuple[Definition, ...] = ()
