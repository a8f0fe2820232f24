"""`retention.toml`: how long topics and tables are kept, where that is not as `schemas/retention.py` has it."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Annotated, Final, TypeVar

from pydantic import BaseModel, ConfigDict, Field, field_validator

from schemas.retention import TABLES, TOPIC_DAYS
from schemas.toml_files import read_model
from sinks.clickhouse.retention import TableDays
from streams.topics import Topic

_DAY_MS: Final = 86_400_000
Days = Annotated[float, Field(gt=0, le=36_500)]
# 0 is for ever: TOML has no null.
TableTime = Annotated[int, Field(ge=0, le=36_500)]


Number = TypeVar("Number", int, float)


class Retention(BaseModel):
    """Days by topic and by table; of tables also by tenant. What is not named is as usual; of a table 0 is for ever."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    topics: dict[str, Days] = Field(default_factory=dict)
    tables: dict[str, TableTime] = Field(default_factory=dict)
    tenants: dict[str, dict[str, TableTime]] = Field(default_factory=dict)

    @field_validator("topics")
    @classmethod
    def _are_topics(cls, days: dict[str, float]) -> dict[str, float]:
        return _known(days, TOPIC_DAYS, "topic")

    @field_validator("tables")
    @classmethod
    def _are_tables(cls, days: dict[str, int]) -> dict[str, int]:
        return _known(days, TABLES, "table")

    @field_validator("tenants")
    @classmethod
    def _are_tables_of_tenants(cls, tenants: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
        for days in tenants.values():
            _known(days, [name for name in TABLES if name != "dead_letters"], "table with tenants")
        return tenants

    def of_topics(self, wanted: Sequence[Topic]) -> list[Topic]:
        """The topics as they are to be kept."""
        return [
            topic._replace(settings={**topic.settings, "retention.ms": str(round(self.topics[topic.name] * _DAY_MS))})
            if topic.name in self.topics
            else topic
            for topic in wanted
        ]

    def of_tables(self) -> dict[str, TableDays]:
        """The tables as they are to be kept."""
        return {
            name: TableDays(
                self.tables.get(name, usual.days) or None,
                {tenant: days[name] or None for tenant, days in self.tenants.items() if name in days},
            )
            for name, usual in TABLES.items()
        }


def read_retention(file: Path | None) -> Retention:
    """What the file says; without one all is as usual. Raises FileError."""
    return Retention() if file is None else read_model(file, Retention)


def _known(days: dict[str, Number], known: Collection[str], what: str) -> dict[str, Number]:
    for name in days:
        if name not in known:
            raise ValueError(f"no {what} {name!r}: wanted {', '.join(sorted(known))}")
    return days
