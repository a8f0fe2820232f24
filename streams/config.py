"""Settings: one frozen object, built from the environment in one place."""

from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from schemas.readings import PresetName
from streams.clickhouse_security import ClickHouseSettings
from streams.kafka_security import KafkaSettings
from streams.secret_files import SecretFile, SecretFiles

Seconds = Annotated[float, Field(gt=0)]
Rate = Annotated[str, Field(pattern=r"^([1-9][0-9]{0,8}/(second|minute|hour|day))?$")]


class Settings(KafkaSettings, ClickHouseSettings):
    """Everything that may differ between two installations. A variable is TICKETPULSE_<NAME>, but for the two
    servers.
    """

    model_config = SettingsConfigDict(env_prefix="TICKETPULSE_", frozen=True, extra="ignore")

    local_dir: Path = Field(Path(".local"), description="Where local servers keep their data and logs.")
    name: str = Field(
        "ticketpulse", pattern=r"^[a-z0-9-]{1,40}$", description="Prefix of consumer groups and transactional ids."
    )
    host: str = Field("127.0.0.1", description="Address that HTTP servers listen on.")
    gateway_port: int = Field(8080, ge=0, le=65535)
    page_port: int = Field(8081, ge=0, le=65535)
    metrics_port: int = Field(0, ge=0, le=65535, description="Port of /metrics of a worker or sink; 0 for none.")

    answer_seconds: Seconds = Field(
        1.0, description="Seconds that an interface of a replaced system waits for the pipeline's answer."
    )
    # Not dumped: a process gets it from its environment alone, and nothing can print it by accident.
    service_token: SecretStr | None = Field(
        None, exclude=True, description="What X-Service-Token must be at POST /api/support/escalate; none: 503."
    )

    tokens: Path | None = Field(
        None, description="The file of tokens, which says who may ask what; none: everybody may. See docs/access.md."
    )
    token: SecretStr | None = Field(
        None, exclude=True, description="A token to read with, for commands that ask the page."
    )
    rate_requests: Rate = Field("1200/minute", description="Requests of one token; empty for no limit.")
    rate_events: Rate = Field("60000/minute", description="Requests with events of one token.")
    rate_failures: Rate = Field("20/minute", description="Wrong tokens from one address.")
    rate_messages: Rate = Field("60/minute", description="Messages of one user at POST /api/chat/messages.")

    tenants: Path | None = Field(
        None, description="tenants.toml: how much each tenant may send; see docs/tenancy.md. None: as much as it likes."
    )

    signed_tenants: tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9_.\-]{1,64}$")], ...] = Field(
        (), description="Tenants for whom the service token and secrets of webhooks may send; empty for all."
    )

    partitions: int = Field(2, ge=1, le=512, description="Partitions of each topic: 2 locally, 12 in production.")
    replication: int = Field(1, ge=1, le=7, description="Replication factor: 1 locally, 3 in production.")
    session_timeout: Seconds = Field(6.0, description="Seconds after which a dead worker's partitions move.")
    broker_patience: float = Field(
        60.0, ge=0, description="Seconds that a worker or sink waits at its start for a broker that does not answer."
    )
    stalled_after: float = Field(
        60.0,
        ge=0,
        description="Seconds without progress, while records wait and the broker answers, after which a worker says "
        "what it was doing and ends, to be started again; 0 for never.",
    )
    memory_limit: int = Field(
        0,
        ge=0,
        description="MiB of resident memory above which a worker or sink ends in order, to be started again; 0: none.",
    )

    preset: PresetName = Field(
        "support", description="How texts are scored and read, and what escalates; see docs/scoring.md."
    )
    policies: Path | None = Field(
        None, description="A folder of policies, for more than one of the presets; see docs/policies.md."
    )

    models: Path | None = Field(
        None, description="The folder of models that were trained, and of which are in force; see docs/learning.md."
    )
    # Not dumped, as the other secrets.
    model_key: SecretStr | None = Field(
        None, exclude=True, description="Signs models; without it none is made or read."
    )

    challenger_seconds: Seconds = Field(
        0.25, description="Seconds that a batch of `score` waits at most for its challengers; see docs/models.md."
    )

    notify: Path | None = Field(
        None, description="A folder with notify.toml: who is told of what, and by what way; see docs/notifications.md."
    )

    llm: Path | None = Field(
        None, description="llm.toml, or its folder: a language model that may be asked; see docs/llm.md. None: off."
    )

    privacy: Path | None = Field(
        None,
        description="A folder with privacy.toml: what becomes of personal data; see docs/privacy.md. None: nothing.",
    )
    privacy_keys: SecretStr | None = Field(
        None, exclude=True, description="Keys of the hashes of personal data, id:secret each, the one in force first."
    )

    retention: Path | None = Field(
        None, description="A TOML file: how long topics and tables are kept; see docs/privacy.md. None: as usual."
    )

    suggestions: Path | None = Field(
        None, description="A folder with drafts and help articles to answer with; see docs/suggestions.md."
    )

    page_url: str | None = Field(
        None, pattern=r"^https?://[^\s\"<>?#]+$", description="Where people reach the page, for links in reports."
    )
    report_schedule: str | None = Field(
        None, description='When reports are made, as cron has it: "0 6 * * mon". Without it none; see docs/reports.md.'
    )
    report_zone: str = Field("UTC", description="By the clocks of which place: Europe/Berlin.")
    report_span: Literal["day", "week", "month"] = Field("week", description="Of the last full day, week or month.")
    report_tenants: tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9_.\-]{1,64}$")], ...] = Field(
        ("default",), description="One report for each of these tenants."
    )
    report_dir: Path = Field(Path(".local/reports"), description="The folder that they are kept in.")

    mailbox_url: str | None = Field(
        None, description="The mailbox that `source mailbox` reads: imaps://user@host:993/INBOX; see docs/sources.md."
    )
    mailbox_password: SecretStr | None = Field(None, exclude=True, description="Its password.")
    mailbox_password_file: SecretFile = Field(None, description="A file with it, read at each login.")
    mailbox_ca: Path | None = Field(None, description="Certificates in PEM to trust instead of the system's own.")
    mailbox_tenant: str = Field(
        "default", pattern=r"^[A-Za-z0-9_.\-]{1,64}$", description="The tenant whose tickets its mails are."
    )
    mailbox_done: str = Field(
        "$Ticketpulse", description="How a mail is marked that is taken: by a flag ($Word, \\Seen) or in a folder."
    )
    mailbox_failed: str = Field("$TicketpulseFailed", description="How one is marked that cannot be read.")
    mailbox_days: int = Field(7, ge=1, le=365, description="Mails that came more days ago are left alone.")
    mailbox_seconds: Seconds = Field(
        60.0, le=1_500, description="Seconds from one look to the next where the server does not tell of new mails."
    )
    mailbox_agents: tuple[str, ...] = Field(
        (), description="Addresses, or domains as @example.org, whose mails are answers to customers."
    )
    mailbox_lists: tuple[str, ...] = Field((), description="Ids of mailing lists that are support addresses.")
    mailbox_by_subject: bool = Field(False, description="[#id] or TKT-… in a subject names the ticket.")

    # A webhook of a helpdesk without its secret is answered 503.
    zendesk_webhook_secret: SecretStr | None = Field(None, exclude=True, description="Signs Zendesk's webhooks.")
    freshdesk_webhook_secret: SecretStr | None = Field(
        None, exclude=True, description="What X-Webhook-Secret must be in Freshdesk's webhooks."
    )
    jira_webhook_secret: SecretStr | None = Field(
        None, exclude=True, description="Signs the webhooks of Jira Service Management."
    )
    chatwoot_webhook_secret: SecretStr | None = Field(None, exclude=True, description="Signs Chatwoot's webhooks.")
    zammad_webhook_secret: SecretStr | None = Field(None, exclude=True, description="Signs Zammad's webhooks.")

    window_sizes: tuple[int, ...] = Field((60, 300, 3600, 86400), description="Seconds; each a multiple of the first.")
    allowed_lateness: int = Field(60, ge=0, description="Seconds after its end at which a window may be final.")
    future_tolerance: int = Field(
        300, ge=0, description="Seconds that an event may be ahead of its append; more is cut to it."
    )
    late_horizon: int = Field(
        172_800, gt=0, description="Seconds before its append from which an event still counts in windows."
    )
    idle_after: int = Field(
        5, ge=1, description="Seconds without an event after which the clock moves a partition's watermark."
    )

    watched_size: int | None = Field(
        None,
        description="Seconds of the windows that are watched for spikes: one of the window sizes, 0 for none. "
        "Without it the second size, five minutes by default.",
    )

    window_values: int = Field(
        1_000,
        ge=1,
        description="Agents, products and journey stages that have windows of their own; the rest count as `other`.",
    )
    ticket_memory: int = Field(
        604_800,
        gt=0,
        description="Seconds without an event after which windows count a ticket as a new one, the largest window's "
        "at least.",
    )
    respond_within: tuple[int, int, int, int] = Field(
        (86_400, 28_800, 14_400, 3_600),
        description="Seconds to the first reply that are in time, for low, medium, high and urgent tickets.",
    )
    resolve_within: tuple[int, int, int, int] = Field(
        (604_800, 259_200, 86_400, 28_800),
        description="Seconds to the resolution that are in time, for low, medium, high and urgent tickets.",
    )

    duplicate_horizon: int = Field(100, ge=1, le=10_000, description="Event ids that a conversation remembers.")

    sink_rows: int = Field(50_000, ge=1, description="Rows that a sink collects at most before it writes.")
    sink_seconds: Seconds = Field(1.0, description="Seconds that a sink collects at most before it writes.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, files of secrets, the environment. Raises WrongSecurity for a file that cannot be used."""
        return init_settings, SecretFiles(settings_cls), env_settings

    @property
    def webhook_secrets(self) -> dict[str, SecretStr]:
        """The secrets that are set, by vendor."""
        secrets = {
            "zendesk": self.zendesk_webhook_secret,
            "freshdesk": self.freshdesk_webhook_secret,
            "jira": self.jira_webhook_secret,
            "chatwoot": self.chatwoot_webhook_secret,
            "zammad": self.zammad_webhook_secret,
        }
        return {vendor: secret for vendor, secret in secrets.items() if secret is not None}

    @field_validator(
        "service_token",
        "token",
        "model_key",
        "privacy_keys",
        "mailbox_password",
        "zendesk_webhook_secret",
        "freshdesk_webhook_secret",
        "jira_webhook_secret",
        "chatwoot_webhook_secret",
        "zammad_webhook_secret",
    )
    @classmethod
    def _empty_is_none(cls, token: SecretStr | None) -> SecretStr | None:
        return token or None

    @field_validator("model_key")
    @classmethod
    def _is_long(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and len(key.get_secret_value().encode()) < 16:
            raise ValueError("16 bytes at least")
        return key

    @field_validator("privacy_keys")
    @classmethod
    def _are_keys(cls, keys: SecretStr | None) -> SecretStr | None:
        # Most processes hash nothing.
        from streams.privacy.keys import parse_keys  # noqa: PLC0415

        if keys is not None:
            parse_keys(keys.get_secret_value())
        return keys

    @field_validator("report_schedule")
    @classmethod
    def _is_a_schedule(cls, cron: str | None) -> str | None:
        # Most processes make no reports.
        from sinks.reports.schedule import check_cron  # noqa: PLC0415

        return check_cron(cron) if cron else None

    @field_validator("report_zone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError("no time zone; wanted: a name such as Europe/Berlin")
        return name

    @field_validator("window_sizes")
    @classmethod
    def _sizes_roll_up(cls, sizes: tuple[int, ...]) -> tuple[int, ...]:
        if not sizes or sizes[0] <= 0 or any(size % sizes[0] for size in sizes) or list(sizes) != sorted(set(sizes)):
            raise ValueError("window sizes are rising seconds, each a multiple of the first, as in [60, 300, 3600]")
        return sizes

    @field_validator("ticket_memory")
    @classmethod
    def _covers_the_windows(cls, memory: int, info: ValidationInfo) -> int:
        sizes = info.data.get("window_sizes", (0,))
        if memory < sizes[-1]:
            raise ValueError(f"a ticket is remembered for the largest window at least, {sizes[-1]} seconds")
        return memory

    @field_validator("respond_within", "resolve_within")
    @classmethod
    def _are_targets(cls, seconds: tuple[int, ...]) -> tuple[int, ...]:
        if min(seconds) <= 0:
            raise ValueError("four numbers of seconds above 0, for low, medium, high and urgent tickets")
        return seconds

    @field_validator("watched_size")
    @classmethod
    def _is_a_size(cls, size: int | None, info: ValidationInfo) -> int | None:
        sizes = info.data.get("window_sizes", ())
        if size and size not in sizes:
            raise ValueError(f"it is one of the window sizes {list(sizes)}, or 0 for none")
        return size
