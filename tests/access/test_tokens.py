"""Tokens and their file: what is kept, what is let in, and how a change comes into force."""

import hmac
import logging
import os
import stat
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.toml_files import FileError
from sinks.access.principals import Role
from sinks.access.token_file import LOOK_SECONDS, TokenSource, change_tokens, read_tokens
from sinks.access.tokens import StoredToken, TokenBook
from tests.access.doors import BEGAN, Time, token, write
from tests.logged import ours

READER = token(Role.READ, tenant="acme", name="Ann's desk".replace("'", ""))
SENDER = token(Role.INGEST, Role.READ, name="shop")


def test_a_token_is_known_by_its_digest_alone(tmp_path: Path) -> None:
    file = tmp_path / "tokens.toml"
    write(file, [READER.stored, SENDER.stored])
    assert READER.text not in file.read_text()
    # The secret, in which the character that separates may stand too.
    _, _, secret = READER.text.split("_", 2)
    assert secret not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["tokens.toml"]
    book = read_tokens(file)
    assert list(book.tokens.values()) == [READER.stored, SENDER.stored]
    who = book.check(READER.text, BEGAN)
    assert who is not None
    assert (who.name, who.tenant, who.roles) == ("Anns desk", "acme", (Role.READ,))


@given(place=st.integers(0, 200), character=st.characters(), cut=st.integers(-5, 0))
def test_any_change_of_a_token_makes_it_nobodys(place: int, character: str, cut: int) -> None:
    text = READER.text
    place %= len(text)
    changed = text[:place] + character + text[place + 1 :]
    changed = changed[: cut or None]
    who = TokenBook([READER.stored, SENDER.stored]).check(changed, BEGAN)
    assert (who is not None) == (changed == text)


def test_another_tokens_secret_is_not_its_own() -> None:
    book = TokenBook([READER.stored, SENDER.stored])
    mixed = "_".join((*READER.text.split("_", 2)[:2], SENDER.text.split("_", 2)[2]))
    assert book.check(mixed, BEGAN) is None
    assert book.check(SENDER.text, BEGAN) is not None


def test_every_token_is_compared_once_and_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[int] = []
    genuine = hmac.compare_digest

    def counted(one: str, other: str) -> bool:
        compared.append(len(one) + len(other))
        return genuine(one, other)

    monkeypatch.setattr(hmac, "compare_digest", counted)
    book = TokenBook([READER.stored])
    # Right, of an id that nobody has, with a wrong secret, and nothing like a token.
    for text in (READER.text, SENDER.text, READER.text[:-1] + "A", "", "x"):
        book.check(text, BEGAN)
    assert compared == [128] * 5


def test_a_token_ends_when_it_is_said_to() -> None:
    ends = BEGAN + timedelta(hours=1)
    short = token(Role.READ, expires_at=ends)
    revoked = short.stored.model_copy(update={"revoked_at": BEGAN + timedelta(minutes=5)})
    book = TokenBook([short.stored])
    assert book.check(short.text, ends - timedelta(microseconds=1)) is not None
    assert book.check(short.text, ends) is None
    assert book.standing(short.stored.id, ends) is None
    assert TokenBook([revoked]).check(short.text, BEGAN + timedelta(minutes=5)) is None
    assert [revoked.state(BEGAN), revoked.state(ends), short.stored.state(ends)] == ["valid", "revoked", "expired"]


def test_a_change_of_the_file_is_in_force_without_a_restart(tmp_path: Path) -> None:
    file, time = tmp_path / "tokens.toml", Time()
    write(file, [READER.stored])
    source = TokenSource(file, time.seconds)
    write(file, [READER.stored, SENDER.stored])
    # Not at every request.
    assert source.book().check(SENDER.text, BEGAN) is None
    time.pass_by(seconds=LOOK_SECONDS)
    assert source.book().check(SENDER.text, BEGAN) is not None
    revoked = READER.stored.model_copy(update={"revoked_at": BEGAN})
    write(file, [revoked])
    time.pass_by(seconds=LOOK_SECONDS)
    assert source.book().check(READER.text, BEGAN) is None
    assert [(change.action, change.token.name) for change in source.take_changes()] == [
        ("token.added", "shop"),
        ("token.revoked", "Anns desk"),
        ("token.removed", "shop"),
    ]
    assert source.take_changes() == []


def test_a_file_that_cannot_be_read_leaves_the_tokens_before_in_force(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file, time = tmp_path / "tokens.toml", Time()
    write(file, [READER.stored])
    source = TokenSource(file, time.seconds)
    for wrong in ("[[tokens", '[[tokens]]\nname = "x"\n', None):
        file.unlink() if wrong is None else file.write_text(wrong)
        caplog.clear()
        for _ in range(3):
            time.pass_by(seconds=LOOK_SECONDS)
            assert source.book().check(READER.text, BEGAN) is not None
        assert len([record for record in ours(caplog) if record.levelno == logging.ERROR]) == 1
        assert "tokens.toml" in caplog.text
    write(file, [SENDER.stored])
    time.pass_by(seconds=LOOK_SECONDS)
    assert source.book().check(READER.text, BEGAN) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tokens = 5", "tokens"),
        ('[[tokens]]\nid = "5"', "id"),
        ("[[tokens]]\nsecret = 1", "there is no such setting"),
        ("tokens = [", "no TOML"),
    ],
)
def test_what_is_wrong_in_a_file_is_told_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "tokens.toml"
    file.write_text(text)
    with pytest.raises(FileError, match=r"tokens.toml:\d") as told:
        read_tokens(file)
    assert said in str(told.value)
    with pytest.raises(FileError, match="token new"):
        read_tokens(tmp_path / "none.toml")


def test_two_tokens_of_one_id_are_a_mistake(tmp_path: Path) -> None:
    write(tmp_path / "tokens.toml", [READER.stored, READER.stored])
    with pytest.raises(FileError, match=f"two tokens have the id {READER.stored.id}"):
        read_tokens(tmp_path / "tokens.toml")


def test_a_change_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "tokens.toml"
    write(file, [READER.stored])

    def fail(_: TokenBook) -> list[StoredToken]:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        change_tokens(file, fail)
    # The lock is gone with the one who had it.
    write(file, [READER.stored, SENDER.stored])
    assert len(read_tokens(file).tokens) == 2
    assert os.listdir(tmp_path) == ["tokens.toml"]


def test_a_file_that_others_can_write_is_warned_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "tokens.toml"
    write(file, [READER.stored])
    TokenSource(file, Time().seconds)
    assert ours(caplog) == []
    file.chmod(0o666)
    TokenSource(file, Time().seconds)
    assert "chmod 600" in caplog.text
