"""Redaction as the stage `score` does it: scores are those of the words as written, and nothing else leaves."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.scored import ScoredEvent, decode_scored
from sinks.dashboard.places import places_of
from streams import topics
from streams.engine.attempt import attempt
from streams.engine.stage import Batch
from streams.engine.state import Overlay, State
from streams.escalation.book import preset_book
from streams.privacy.in_flow import Redaction
from streams.privacy.keys import NO_KEYS, Keys, parse_keys
from streams.privacy.policy import TEXTS, PrivacyBook
from streams.privacy.replacing import hashed
from streams.score import ScoreStage
from streams.stages import load_preset
from tests.unit.records import NINE, Appended, Partition

KEYS = parse_keys("new:0123456789abcdef0123 old:fedcba9876543210fedc")
OLD_KEYS = parse_keys("old:fedcba9876543210fedc")
WORDS = "I hate this AWFUL service! Great, just great. Refund me. — :( not good at all, thanks"
PERSONAL = [
    "jane.roe@example.com",
    "+1 212 736 5000",
    "4111 1111 1111 1111",
    "DE89 3704 0044 0532 0130 00",
    "My name is Jane Roe",
    "password: Xy7!kk92",
]
SECRETS = ("jane.roe", "736 5000", "4111 1111", "3704 0044", "Xy7!kk92")
ALL = {
    **dict.fromkeys(TEXTS, "mask"),
    **dict.fromkeys(("customer_id", "email", "phone", "author", "session_id"), "hash"),
}


def rules(fields: dict[str, str], **tenants: dict[str, str]) -> PrivacyBook:
    named = {tenant: {"fields": own} for tenant, own in tenants.items()}
    return PrivacyBook.model_validate({"fields": fields, "tenants": named})


def stage(book: PrivacyBook, keys: Keys = KEYS) -> Partition:
    return Partition(ScoreStage(preset_book("support"), load_preset, redaction=Redaction(book, keys)))


def scored(partition: Partition, **fields: Any) -> ScoredEvent:
    event = {"event_id": "e", "ticket_id": "t", "channel": "email", "occurred_at": NINE, **fields}
    [sent] = partition.process(Appended(0, NINE, None, json.dumps(event).encode()))
    assert sent.topic == topics.SCORED
    return decode_scored(sent.value or b"")


MASKED, PLAIN = stage(rules(ALL)), stage(rules({}), NO_KEYS)
BY_HASH = stage(rules(dict.fromkeys(TEXTS, "hash")))
pieces = [*WORDS.split(), *(f"{value};" for value in PERSONAL), "\n", "."]
texts = st.lists(st.sampled_from(pieces), min_size=1, max_size=20).map(" ".join)
few = settings(max_examples=10)


@few
@given(texts, texts)
def test_everything_that_is_counted_is_as_without_redaction(subject: str, text: str) -> None:
    plain = scored(PLAIN, subject=subject, text=text)
    for partition in (MASKED, BY_HASH):
        event = scored(partition, subject=subject, text=text)
        for name in ("sentiment", "unscored", "confidence", "category", "language", "scorer", "removed", "voice"):
            assert getattr(event, name) == getattr(plain, name)
        changed = {"key_phrases": plain.reading.key_phrases, "keywords": plain.reading.keywords}
        assert msgspec.structs.replace(event.reading, **changed) == plain.reading
        assert [each.points for each in event.reasons] == [each.points for each in plain.reasons]
        assert not any(secret in msgspec.json.encode(event).decode() for secret in SECRETS)


# Places are those in the cleaned text, which does not begin with space.
@few
@given(texts.map(str.lstrip).filter(bool))
def test_marks_stand_at_their_terms_in_the_redacted_text(text: str) -> None:
    event = scored(MASKED, text=text)
    for reason in event.reasons:
        if reason.end:
            assert (event.text or "")[reason.start : reason.end] == reason.term
            [place] = places_of(event.text or "", reason.rule, reason.term, reason.start, reason.end)
            assert (place.start, place.end) == (reason.start, reason.end)


def test_a_mark_behind_what_was_replaced_moves_with_its_word() -> None:
    event = scored(MASKED, text="Write to jane.roe@example.com, this is unacceptable")
    text = event.text or ""
    assert text == "Write to [EMAIL_1], this is unacceptable"
    marks = [place for each in event.reasons for place in places_of(text, each.rule, each.term, each.start, each.end)]
    assert "unacceptable" in {text[place.start : place.end] for place in marks}


def test_one_person_has_one_hash_in_all_fields_and_events_and_another_in_each_tenant() -> None:
    book = rules({"text": "hash", "email": "hash", "customer_id": "hash", "metadata": "hash"})
    said = "From jane.roe@example.com"
    first = scored(stage(book), text=said, email="Jane.Roe@example.com", metadata={"cc": said}, customer_id="C1")
    assert first.email == hashed(KEYS, "email", "default", "jane.roe@example.com")
    assert first.text == f"From [EMAIL:{(first.email or '')[2:]}]"
    assert first.metadata["cc"] == first.text
    again = scored(stage(book), text=said, email="jane.roe@example.com", customer_id="C1")
    assert (again.email, again.customer_id) == (first.email, first.customer_id)
    other = scored(stage(book), tenant="b", text=said, email="jane.roe@example.com")
    assert other.email != first.email


def test_a_key_that_was_rotated_still_links_until_it_is_dropped() -> None:
    book = rules({"customer_id": "hash"})
    before = scored(stage(book, OLD_KEYS), text="hi there", customer_id="C1").customer_id
    after = scored(stage(book), text="hi there", customer_id="C1").customer_id
    assert before != after
    assert before == hashed(KEYS, "customer", "default", "C1", "old")
    # What is hashed already stays, as when rows are scored again.
    assert scored(stage(book), text="hi there", customer_id=before).customer_id == before


@few
@given(texts)
def test_what_was_redacted_is_left_as_it_is(text: str) -> None:
    for partition in (MASKED, BY_HASH):
        once = scored(partition, text=text)
        assert scored(partition, text=once.text).text == once.text


def test_a_tenant_may_want_other_rules_or_none() -> None:
    partition = stage(rules({"text": "mask"}, open={}, strict={"text": "mask", "metadata.company": "mask"}))
    said = {"text": "I am at jane.roe@example.com", "metadata": {"company": "Roe & Sons", "plan": "gold"}}
    assert scored(partition, **said).metadata == said["metadata"]
    assert scored(partition, tenant="open", **said).text == said["text"]
    strict = scored(partition, tenant="strict", **said)
    assert (strict.text, strict.metadata) == ("I am at [EMAIL_1]", {"plan": "gold"})


def test_who_speaks_is_known_although_the_author_is_hashed() -> None:
    book = rules({"author": "hash"})
    assert scored(stage(book), text="hello", author="agent").author == "agent"
    hidden = scored(stage(book), text="hello", author="Jane Roe")
    assert hidden.voice == "customer"
    assert (hidden.author or "").startswith("h:new.")


@pytest.mark.parametrize(
    "record",
    [
        b'{"event_id": "e", "text": "I am jane.roe@example.com, 4111 1111 1111 1111"}',
        b'{"ticket_id": "t", "channel": "jane.roe@example.com", "text": [{"a": "jane.roe@example.com"}]}',
        b'{"event_id": "e", "ticket_id": {"jane.roe@example.com": 4111111111111111}}',
        b'{"data": {"text": "jane.roe@example.com", "channel": 1}}',
        b'{"event_id": "jane.roe@example.com',
        b'"jane.roe@example.com"',
        "jane.roe@example.com".encode("utf-16"),
    ],
)
def test_a_dead_letter_has_no_personal_data_either(record: bytes) -> None:
    key = b"jane.roe@example.com"
    for partition in (MASKED, BY_HASH):
        [letter] = partition.process(Appended(0, NINE, key, record, (("from", key),)))
        assert letter.topic == topics.DEAD_LETTERS
        told = (letter.value or b"") + (letter.key or b"") + repr(letter.headers).encode()
        assert b"jane.roe" not in told.replace(b"\0", b"")
        assert b"411111" not in told
    [untouched] = PLAIN.process(Appended(0, NINE, key, record))
    assert untouched.value == record


def test_a_letter_is_replaced_by_the_rules_of_the_tenant_whom_a_cloud_events_data_names() -> None:
    envelope = {"specversion": "1.0", "id": "e", "source": "shop", "type": "x", "subject": "jane.roe@example.com"}
    of_acme = {**envelope, "data": {"tenant": "acme", "text": "jane.roe@example.com", "occurred_at": "soon"}}
    of_others = {**envelope, "data": {"text": "jane.roe@example.com"}}
    for book, theirs, others in (
        (rules({}, acme={"text": "mask"}), True, False),
        (rules({"text": "mask"}, acme={}), False, True),
    ):
        redaction = Redaction(book)
        for record, is_replaced in ((of_acme, theirs), (of_others, others)):
            made = redaction.letter(json.dumps(record).encode()) or b""
            assert (b"jane.roe" not in made) is is_replaced


def test_what_is_nobodys_is_replaced_although_a_tenant_says_of_more_fields_that_nothing_is_done() -> None:
    book = rules({"text": "mask"}, internal={"text": "off", "subject": "off"})
    assert Redaction(book).letter(b"not json jane.roe@example.com") == b"not json [EMAIL_1]"


def test_a_record_at_which_the_stage_fails_is_a_letter_without_personal_data() -> None:
    class Failing(ScoreStage):
        def process(self, batch: Batch, state: Overlay, now: int) -> Any:
            raise RuntimeError

    failing = Failing(preset_book("support"), load_preset, redaction=Redaction(rules(ALL), KEYS))
    record = Appended(0, NINE, None, b'{"event_id": "e", "ticket_id": "t", "text": "jane.roe@example.com"}')
    batch = Batch(topics.EVENTS, 0, [record])
    [letter] = attempt(failing, batch, Overlay(State(0, 1)), NINE, topics.DEAD_LETTERS).records
    assert letter.value == b'{"event_id":"e","ticket_id":"t","text":"[EMAIL_1]"}'


def test_hashes_without_a_key_are_refused_at_the_start() -> None:
    with pytest.raises(ValueError, match="TICKETPULSE_PRIVACY_KEYS"):
        Redaction(rules({}, strict={"text": "hash"}))


@pytest.mark.parametrize("keys", ["one", "one:short", "a b:0123456789abcdef", "a:0123456789abcdef a:0123456789abcdef"])
def test_keys_that_are_wrong_are_refused_without_being_shown(keys: str) -> None:
    with pytest.raises(ValueError, match="key") as error:
        parse_keys(keys)
    assert "0123456789" not in str(error.value)
