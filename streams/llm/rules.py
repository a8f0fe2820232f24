"""`llm.toml`: which model is asked, for whom, and what it may cost. Data, checked when it is read."""

from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import Field, field_validator, model_validator

from schemas.corrections import CATEGORY_PATTERN
from schemas.events import Channel
from schemas.spans import Span
from schemas.toml_files import FileError, parse_extending, read_text
from sinks.notify.targets import Part, Secret
from streams.scoring.taxonomy import PLACES

FILE: Final = "llm.toml"
TENANT: Final = r"^[A-Za-z0-9_.\-]{1,64}$"
Tenant = Annotated[str, Field(pattern=TENANT)]
Category = Annotated[str, Field(pattern=CATEGORY_PATTERN)]
# What the default preset reads; `llm.toml` may name others.
CATEGORIES: Final = tuple(dict.fromkeys(place.category for place in PLACES.values()))


class Model(Part):
    """An endpoint of the OpenAI kind. `timeout` is for one request, `within` for all that is done for one text: waiting
    for a turn, tries and pauses. `schema` is how the form of an answer is asked for; whatever comes is checked here.
    Prices are for a million tokens; without them nothing is known of money.
    """

    endpoint: str = Field(pattern=r"^https?://[^\s\"<>?#@]+$")
    name: str = Field(min_length=1, max_length=200)
    key: Secret | None = None
    form: Literal["json_schema", "json_object", "none"] = Field("json_schema", alias="schema")
    limit: Literal["max_completion_tokens", "max_tokens"] = "max_completion_tokens"
    temperature: float | None = Field(None, ge=0, le=2)
    timeout: Span = 15_000
    within: Span = 30_000
    attempts: int = Field(3, ge=1, le=10)
    at_once: int = Field(4, ge=1, le=64)
    characters: int = Field(6_000, ge=200, le=100_000)
    answer_tokens: int = Field(500, ge=50, le=8_000)
    price_in: float = Field(0.0, ge=0)
    price_out: float = Field(0.0, ge=0)

    @field_validator("endpoint")
    @classmethod
    def _without_a_slash(cls, address: str) -> str:
        return address.rstrip("/")


class BreakerRules(Part):
    """After `failures` in a row nothing is asked for `pause`; then one request tries."""

    failures: int = Field(5, ge=1)
    pause: Span = 30_000


class CacheRules(Part):
    """How many answers are kept, and for how long; on disk they outlive the process."""

    answers: int = Field(10_000, ge=1, le=1_000_000)
    keep: Span = 7 * 86_400_000
    on_disk: bool = False


class TenantRules(Part):
    """What is asked for a tenant, and how much of it in a day (UTC). `below` is the confidence under which a text that
    was read here is read again there; 1 asks for all. `stands` lets the second reading stand where nobody corrects it.
    """

    classify: bool = False
    summarise: bool = False
    channels: tuple[Channel, ...] = ()
    below: float = Field(0.6, ge=0, le=1)
    stands: bool = False
    categories: tuple[Category, ...] = Field(CATEGORIES, min_length=2, max_length=50)
    requests: int = Field(1_000, ge=0)
    tokens: int = Field(1_000_000, ge=0)
    money: float | None = Field(None, ge=0)


class LlmRules(Part):
    """All of the file. A tenant without a table of its own has `default`, which asks for nothing unless it says so."""

    model: Model
    breaker: BreakerRules = BreakerRules()
    cache: CacheRules = CacheRules()
    # Events that are older when the worker reads them are left alone: a first start must not pay for a week.
    newer_than: Span = 3_600_000
    default: TenantRules = TenantRules()
    tenants: dict[Tenant, TenantRules] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _money_has_prices(self) -> Self:
        asked = any(rules.money is not None for rules in (self.default, *self.tenants.values()))
        if asked and not (self.model.price_in or self.model.price_out):
            raise ValueError("a budget of money needs price_in and price_out of the model")
        return self

    def of(self, tenant: str) -> TenantRules:
        """What holds for a tenant."""
        return self.tenants.get(tenant, self.default)


def parse_rules(text: str, file: str) -> LlmRules:
    """Rules of a file's text. Raises FileError, which says what is wrong in which line."""
    return parse_extending(text, file, LlmRules, (), str)


def read_rules(path: Path) -> LlmRules:
    """Rules of a file, or of `llm.toml` in a folder. Raises FileError."""
    file = path / FILE if path.is_dir() else path
    return parse_rules(read_text(file), str(file))


__all__ = ["FileError", "LlmRules", "Model", "TenantRules", "parse_rules", "read_rules"]
