"""Who decides on a ticket: by tenant and channel, by lot in a trial, and by what a folder says now."""

import asyncio
import logging
import os
from binascii import crc32
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from schemas.events import ticket_key
from streams import policies
from streams.config import Settings
from streams.escalation.book import BookFile, PolicyBook, lot, preset_book, read_book
from streams.escalation.loading import PRESETS, PolicyError, preset
from streams.policies import policy_source
from tests.logged import ours

SHOP = 'name = "shop"\nversion = 1\nextends = "support"\n'
BOOK = """\
default = "helpdesk"

[[use]]
tenant = "acme"
policy = "shop"

[[use]]
tenant = "acme"
channel = "whatsapp"
policy = "whatsapp"

[[use]]
channel = "chat"
policy = "assistant"
"""
TRIAL = """
[[trial]]
name = "calmer"
policy = "support"
against = "shop"
share = 0.2
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shop.toml").write_text(SHOP)
    return tmp_path


def mistakes_of(folder: Path, book: str) -> list[tuple[str, int | None, str]]:
    (folder / "book.toml").write_text(book)
    with pytest.raises(PolicyError) as raised:
        read_book(folder)
    return [(Path(each.file).name, each.line, f"{each.place}: {each.message}") for each in raised.value.mistakes]


@pytest.mark.parametrize(
    ("tenant", "channel", "policy"),
    [
        ("acme", "email", "shop"),
        ("acme", "whatsapp", "whatsapp"),
        # The tenant is more exact than the channel.
        ("acme", "chat", "shop"),
        ("other", "chat", "assistant"),
        ("other", "whatsapp", "helpdesk"),
        ("other", "email", "helpdesk"),
    ],
)
def test_the_most_exact_use_decides(folder: Path, tenant: str, channel: str, policy: str) -> None:
    (folder / "book.toml").write_text(BOOK)
    book = read_book(folder)
    for _ in range(2):
        choice = book.choose(tenant, channel, ticket_key(tenant, "t1"))
        assert (choice.policy.name, choice.arm) == (policy, None)
    assert book.reads(tenant, channel) == {"shop": "support"}.get(policy, policy)
    assert {ready.name for ready in book.ready()} == {"helpdesk", "shop", "whatsapp", "assistant"}


def test_many_tenants_are_all_decided_on(folder: Path) -> None:
    (folder / "book.toml").write_text(BOOK)
    book = read_book(folder)
    names = {book.choose(f"tenant-{number}", "email", b"t").policy.name for number in range(12_000)}
    assert names == {"helpdesk"}
    assert book.choose("acme", "email", b"t").policy.name == "shop"


def test_without_a_book_the_default_decides(folder: Path) -> None:
    assert read_book(folder).choose("a", "email", b"t").policy.name == "support"
    assert read_book(folder, "whatsapp").choose("a", "email", b"t").policy.name == "whatsapp"


def test_a_policy_of_the_folder_goes_before_a_preset_of_its_name(folder: Path) -> None:
    (folder / "support.toml").write_text('name = "support"\nversion = 7\nextends = "support"\n')
    assert read_book(folder).choose("a", "email", b"t").policy.version == 7


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_decides_alone(name: str) -> None:
    assert [ready.name for ready in preset_book(preset(name).reads).ready()] == [name]


# -- trials


def test_a_share_of_the_tickets_goes_to_the_other_side_and_both_are_recorded(folder: Path) -> None:
    (folder / "book.toml").write_text(TRIAL)
    book = read_book(folder)
    choices = [book.choose("acme", "email", ticket_key("acme", f"t{number}")) for number in range(5_000)]
    assert {(choice.policy.name, choice.arm) for choice in choices} == {
        ("shop", "calmer:shop"),
        ("support", "calmer:support"),
    }
    share = sum(choice.policy.name == "shop" for choice in choices) / len(choices)
    # Three deviations of 5,000 throws are 1.7 %.
    assert share == pytest.approx(0.2, abs=0.017)


@pytest.mark.parametrize("ticket", [b"acme/t1", "acme/größe".encode(), b"a/"])
def test_the_side_is_a_matter_of_the_ticket_alone(folder: Path, ticket: bytes) -> None:
    # What SQL has too: CRC32(concat('calmer/', key)) % 10000 / 10000.
    expected = crc32(b"calmer/" + ticket) % 10_000 / 10_000
    assert lot("calmer", ticket) == expected
    (folder / "book.toml").write_text(TRIAL)
    arms = {read_book(folder).choose("acme", channel, ticket).arm for channel in ("email", "chat")}
    assert arms == {"calmer:shop" if expected < 0.2 else "calmer:support"}


def test_two_trials_draw_apart() -> None:
    tickets = [ticket_key("acme", f"t{number}") for number in range(5_000)]
    in_one = [ticket for ticket in tickets if lot("one", ticket) < 0.5]
    share = sum(lot("two", ticket) < 0.5 for ticket in in_one) / len(in_one)
    assert share == pytest.approx(0.5, abs=0.03)


def test_tickets_of_other_policies_are_in_no_trial(folder: Path) -> None:
    (folder / "book.toml").write_text(BOOK + TRIAL)
    assert read_book(folder).choose("other", "email", b"t").arm is None


# -- mistakes


def test_a_name_that_is_no_policy_is_told_with_those_there_are(folder: Path) -> None:
    ((file, line, said),) = mistakes_of(folder, BOOK.replace('policy = "whatsapp"', 'policy = "whatsap"'))
    assert (file, line) == ("book.toml", 10)
    assert said == (
        "use[2].policy: there is no policy 'whatsap'; there are: "
        "analytics, assistant, helpdesk, incident, shop, support, whatsapp"
    )
    assert mistakes_of(folder, 'default = "shp"\n')[0][:2] == ("book.toml", 1)


@pytest.mark.parametrize(
    ("book", "line", "said"),
    [
        (BOOK.replace('"chat"', '"fax"'), 13, "use[3].channel: Input should be 'email', 'chat', "),
        (BOOK + '[[use]]\npolicy = "shop"\n', 16, "use[4]: name a tenant, a channel or both; `default` is "),
        (BOOK + '[[use]]\ntenant = "acme"\npolicy = "support"\n', 4, "use: two decide for acme"),
        (BOOK.replace("channel", "chanel", 1), 9, "use[2].chanel: there is no such setting"),
        (TRIAL.replace("0.2", "1.2"), 6, "trial.calmer.share: Input should be less than 1"),
        (TRIAL.replace("0.2", "0"), 6, "trial.calmer.share: Input should be greater than 0"),
        (TRIAL.replace('"shop"', '"whatsapp"'), 5, "trial.calmer.against: support and whatsapp read texts by "),
        (TRIAL.replace('"shop"', '"other"'), 5, "trial.calmer.against: there is no policy 'other'; there are: "),
        (TRIAL + TRIAL.replace("calmer", "kinder"), 3, "trial: two try something against support; one after "),
        (TRIAL.replace("]]", "]"), 2, ": no TOML: "),
    ],
)
def test_a_mistake_in_the_book_is_told_with_its_line(folder: Path, book: str, line: int, said: str) -> None:
    ((file, told, message),) = mistakes_of(folder, book)
    assert (file, told) == ("book.toml", line)
    assert message.startswith(said)


def test_two_files_with_one_policy_are_a_mistake(folder: Path) -> None:
    (folder / "store.toml").write_text(SHOP)
    with pytest.raises(PolicyError, match=r"store\.toml:1: name: another file has a policy 'shop' too"):
        read_book(folder)


def test_a_folder_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="no such folder of policies"):
        read_book(tmp_path / "none")


# -- while the pipeline runs


def messages(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in ours(caplog)]


@pytest.fixture
async def adopted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> "Iterator[asyncio.Queue[PolicyBook]]":  # type: ignore[misc]
    monkeypatch.setattr(policies, "LOOK_SECONDS", 0.01)
    source = policy_source(Settings(policies=folder))
    assert [ready.name for ready in source.read().ready()] == ["support"]
    books: asyncio.Queue[PolicyBook] = asyncio.Queue()
    following = asyncio.create_task(source.follow(books.put_nowait))
    yield books
    following.cancel()
    with suppress(asyncio.CancelledError):
        await following


async def test_a_changed_file_is_adopted(folder: Path, adopted: "asyncio.Queue[PolicyBook]") -> None:
    (folder / "book.toml").write_text('default = "shop"\n')
    book = await asyncio.wait_for(adopted.get(), 60)
    assert [(ready.name, ready.version) for ready in book.ready()] == [("shop", 1)]
    (folder / "shop.toml").write_text(SHOP.replace("version = 1", "version = 2"))
    book = await asyncio.wait_for(adopted.get(), 60)
    assert [(ready.name, ready.version) for ready in book.ready()] == [("shop", 2)]


async def test_broken_policies_leave_those_before_in_force_and_say_so(
    folder: Path, adopted: "asyncio.Queue[PolicyBook]", caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "streams.policies"):
        (folder / "shop.toml").write_text("version = [\n")
        while not messages(caplog):
            await asyncio.sleep(0.01)
        assert adopted.empty()
        (told,) = messages(caplog)
        assert told.startswith("the policies before stay in force, because the new ones are wrong:\n")
        assert f"{folder / 'shop.toml'}:" in told
        # Put right, they are adopted.
        (folder / "shop.toml").write_text(SHOP)
        await asyncio.wait_for(adopted.get(), 60)
    assert messages(caplog)[1:] == ["policies in force: support 1"]


async def test_a_folder_that_goes_away_leaves_the_policies_in_force(
    folder: Path, adopted: "asyncio.Queue[PolicyBook]", caplog: pytest.LogCaptureFixture
) -> None:
    os.rename(folder, folder.with_suffix(".old"))
    while not messages(caplog):
        await asyncio.sleep(0.01)
    assert adopted.empty()
    assert "no such folder of policies" in messages(caplog)[0]
    os.rename(folder.with_suffix(".old"), folder)
    await asyncio.wait_for(adopted.get(), 60)


async def test_a_preset_never_changes() -> None:
    books: list[PolicyBook] = []
    await asyncio.wait_for(policy_source(Settings()).follow(books.append), 60)
    assert books == []


def test_a_book_of_policies_can_be_made_without_files() -> None:
    book = PolicyBook({"support": preset("support")}, BookFile())
    assert book.choose("a", "email", b"t").policy.name == "support"
