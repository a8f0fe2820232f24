"""Whatever customers write stays words: in the subject, in headers, in the text, in HTML and in the attachment."""

import re
from collections.abc import Iterator
from contextlib import suppress
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import asdict, replace

from schemas.escalations import Evidence, Said
from schemas.notices import Acknowledged, Alerted, Awaited, Escalated, Notice, Reported, ReportFigure
from schemas.notifications import KINDS, Kind, Notification
from sinks.notify.mail import Envelope, address_of, mail_of, on_the_wire
from sinks.notify.samples import notification_of, sample
from sinks.notify.wording import read_wording

WORDING = read_wording()
ENVELOPE = Envelope(address_of("desk@example.com"), [address_of("ops@example.com")])
# Not words: by these, mails and tickets are known, or they are of a few that we know.
KNOWN = {
    "tenant",
    "session",
    "escalation_id",
    "alert_id",
    "event_id",
    "channel",
    "status",
    "priority",
    "priority_before",
}
KNOWN |= {"state", "label", "kind", "measure", "severity", "ended", "what", "email", "phone", "in_reply_to", "language"}
# A report comes with its markup; tests/reports sees to what is in it.
KNOWN |= {"markdown", "html", "link", "report_id"}
MARK = "Payload-Mark"

PAYLOADS = (
    f"x\r\nBcc: {MARK}@example.com\r\n\r\n<p>{MARK}</p>",
    f"x\n{MARK}: 1\n\n{MARK}",
    f"x\r{MARK}: 1",
    f"x\x0b{MARK}: 1\x0c{MARK}: 2\x1c{MARK}: 3\x85{MARK}: 4\u2028{MARK}: 5\u2029{MARK}: 6",
    f"=?utf-8?q?x=0D=0ABcc:_{MARK}@example.com?=",
    f"=?utf-8?b?eA0KQmNjOiB4QGV4YW1wbGUuY29t?= =?utf-8?q?=0D=0A?={MARK}=?iso-8859-1?q?=0A?=",
    f"</td></table></div><script>alert('{MARK}')</script><img src=x onerror=alert(1)>",
    f"\" onmouseover=\"alert('{MARK}')",
    "{{ 7 * '7' }}{% for x in range(9) %}{{ x }}{% endfor %}{# " + MARK + " #}",
    "{{ notice.__class__.__mro__ }}${7*7}<%= 7*7 %>{number}{0}%s%(x)s",
    f"--===============1==\r\nContent-Type: text/html\r\n\r\n<b>{MARK}</b>\r\n--===============1==--\r\n.\r\nQUIT\r\n",
    f"\u202egpj.exe\u2066{MARK}\u2069\x00\x1b[31m{MARK}\x7f\ufeff",
    "\ud800",
)


def with_payload(value: Any, payload: str) -> Any:
    """The same with a payload for every text in it."""
    match value:
        case str():
            return payload
        case tuple():
            return tuple(with_payload(each, payload) for each in value)
        case Evidence():
            return Evidence(terms=(payload, payload), signals=(payload,))
        case ReportFigure():
            return ReportFigure(payload, payload, payload, value.change)
        case Said():
            return Said(value.at, payload, payload, value.score)
        case _:
            return value


def attacked(kind: Kind, payload: str) -> Notification:
    notice = sample(kind).notices[0]
    changed: Notice
    match notice:
        case Escalated(escalation=told):
            changed = Escalated(escalation=replace(told, **_fields(told, payload)))
        case Alerted(alert=alert):
            phrases = tuple(type(each)(payload, each.share, each.usual) for each in alert.phrases)
            changed = Alerted(alert=replace(alert, **{**_fields(alert, payload), "phrases": phrases}))
        case Awaited() | Acknowledged() | Reported():
            changed = replace(notice, **_fields(notice, payload))
    return notification_of(changed, kind)


def _fields(struct: Any, payload: str) -> dict[str, Any]:
    return {name: with_payload(value, payload) for name, value in asdict(struct).items() if name not in KNOWN}


def as_received(told: Notification, language: str) -> EmailMessage:
    """The mail after it has gone over the wire."""
    at = told.at
    mail = mail_of(told, WORDING.words(told, language), ENVELOPE, at, attach=True, to_customer=False)
    read = message_from_bytes(on_the_wire(mail), policy=default)
    assert isinstance(read, EmailMessage)
    return read


class _Tags(HTMLParser):
    """Tags with their attributes, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, tuple(attrs)))


def tags_of(html: str) -> list[tuple[str, tuple[tuple[str, str | None], ...]]]:
    reader = _Tags()
    reader.feed(html)
    reader.close()
    return reader.seen


def parts_of(mail: EmailMessage) -> Iterator[tuple[str, str]]:
    for part in mail.walk():
        if not part.is_multipart():
            assert isinstance(part, EmailMessage)
            yield part.get_content_type(), part.get_content()


def check_inert(told: Notification, calm: Notification, language: str) -> None:
    """A mail with payloads is made as one with harmless words is."""
    mail, harmless = as_received(told, language), as_received(calm, language)
    assert not mail.defects
    assert mail.keys() == harmless.keys()
    for name in ("From", "To", "Message-ID", "Auto-Submitted", "Content-Type"):
        assert str(mail[name]).partition("boundary")[0] == str(harmless[name]).partition("boundary")[0]
    assert not re.search(r"[\r\n\x00-\x1f\x7f\x85\u2028\u2029\u202e]", mail["Subject"])
    parts, others = list(parts_of(mail)), list(parts_of(harmless))
    assert [kind for kind, _ in parts] == [kind for kind, _ in others]
    for (kind, text), (_, other) in zip(parts, others, strict=True):
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029\u202e\u2066]", text.replace("\r\n", "\n"))
        if kind == "text/html":
            assert tags_of(text) == tags_of(other)
        else:
            # No line of ours is the customer's: what may have several lines is quoted.
            assert not re.search(rf"^\s*{MARK}", text, re.MULTILINE)


def is_a_mail_to_a_customer(kind: Kind) -> bool:
    # Its text is the policy's, which may have as many lines as it wants.
    return kind == "acknowledgement"


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("kind", [kind for kind in KINDS if not is_a_mail_to_a_customer(kind)])
@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_a_payload_in_every_field(payload: str, kind: Kind, language: str) -> None:
    check_inert(attacked(kind, payload), attacked(kind, "x"), language)


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_a_payload_in_what_a_customer_is_told_of_its_own(payload: str) -> None:
    calm = attacked("acknowledgement", "x")
    told = attacked("acknowledgement", payload)
    text = calm.notices[0].text if isinstance(calm.notices[0], Acknowledged) else ""
    check_inert(replace(told, notices=(replace(told.notices[0], text=text),)), calm, "en")


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_a_payload_in_a_digest(payload: str) -> None:
    kinds: tuple[Kind, ...] = ("escalation", "resolved", "reminder", "alert")
    told, calm = (
        replace(one, notices=tuple(notice for kind in kinds for notice in attacked(kind, words).notices))
        for words in (payload, "x")
        for one in [attacked("escalation", words)]
    )
    check_inert(told, calm, "en")


def test_what_would_break_out_all_the_same_is_not_sent() -> None:
    """The policy of this Python writes a line end that an encoded word hides; by what is sent nobody gets that far."""
    mail = EmailMessage(policy=default)
    mail["Subject"] = f"=?utf-8?q?x=0D=0ABcc:_{MARK}@example.com?="
    # Newer ones write it as an encoded word again, or refuse.
    with suppress(ValueError):
        assert b"\nBcc:" not in on_the_wire(mail)


def test_template_syntax_is_shown_as_it_was_written() -> None:
    written = "{{ 7 * '7' }} {% if 1 %} {# x #} {number}"
    words = WORDING.words(attacked("escalation", written), "en")
    for text in (words.subject, words.text, words.conversation):
        assert written in text
    assert "{{ 7 * &#39;7&#39; }}" in words.html
    assert "7777777" not in "".join(words)


def test_words_that_look_like_html_can_be_read() -> None:
    html = WORDING.words(attacked("escalation", "a < b & c > d"), "en").html
    assert "a &lt; b &amp; c &gt; d" in html


@given(st.text(st.characters(codec=None), max_size=200))
@example("\r\n\r\n")
@example("\n.\n")
def test_any_text_at_all(words: str) -> None:
    # Empty fields leave rows out, as they should.
    told = attacked("escalation", f"x{words}x")
    check_inert(told, attacked("escalation", "x"), "en")
