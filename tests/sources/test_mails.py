"""Mails of many shapes, to events. What the scorer makes of them is asked of the scorer."""

from datetime import UTC, datetime
from email.message import EmailMessage, Message

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.events import MAX_EVENT_BYTES, TicketEvent, read_event
from schemas.rejections import Reason, Rejected
from streams.scoring.clean import clean
from streams.sources.mails import CUT_MARK, MailRules, Outgoing, outgoing_of
from streams.sources.mime import MAX_CONTENT_HEADER, MAX_HEADER, MAX_PARAMETERS, header, mail_of

RECEIVED = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
RULES = MailRules()


def mail(body: str = "My parcel is late.", **headers: str) -> bytes:
    """A mail as most are; a header's underscores are its dashes, and an empty one is left out."""
    all_headers = {
        "Return-Path": "<ann@example.org>",
        "From": "Ann Lee <Ann@Example.org>",
        "To": "support@shop.example",
        "Subject": "Late parcel",
        "Date": "Sun, 22 Nov 2026 10:58:30 +0100",
        "Message-ID": "<m1@example.org>",
        "Content-Type": "text/plain; charset=utf-8",
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{name}: {value}" for name, value in all_headers.items() if value]
    return ("\r\n".join(lines) + "\r\n\r\n" + body.replace("\n", "\r\n")).encode()


def read(raw: bytes, rules: MailRules = RULES) -> TicketEvent:
    event = read_event(outgoing_of(raw, RECEIVED, rules).value, RECEIVED)
    assert isinstance(event, TicketEvent), event
    return event


def refused(outgoing: Outgoing) -> Rejected:
    """What the stage `score` says of the record: the reason of its dead letter."""
    found = read_event(outgoing.value, RECEIVED)
    assert isinstance(found, Rejected)
    return found


def multipart(kind: str, *parts: str, **headers: str) -> bytes:
    body = "".join(f"--b1\n{part}\n" for part in parts) + "--b1--\n"
    return mail(body, Content_Type=f'multipart/{kind}; boundary="b1"', **headers)


def test_a_plain_mail() -> None:
    event = read(mail())
    assert (event.type, event.channel, event.tenant) == ("created", "email", "default")
    assert (event.subject, event.text) == ("Late parcel", "My parcel is late.")
    assert (event.email, event.customer_id) == ("ann@example.org", "ann@example.org")
    assert event.occurred_at == datetime(2026, 11, 22, 9, 58, 30, tzinfo=UTC)
    assert event.author is None
    assert event.metadata == {"message_id": "<m1@example.org>", "from_name": "Ann Lee"}


def test_the_same_mail_is_the_same_event_however_it_came() -> None:
    here, there = (
        outgoing_of(mail(Received=by), RECEIVED, RULES) for by in ("from a by b; Sun, 22 Nov 2026", "from c by d; x")
    )
    assert here == there
    assert outgoing_of(mail(Message_ID="<m2@example.org>"), RECEIVED, RULES).event_id != here.event_id
    assert outgoing_of(mail(), RECEIVED, MailRules(tenant="acme")).event_id != here.event_id


def test_a_mail_without_an_id_is_known_by_its_content() -> None:
    first, again, other = (read(mail(text, Message_ID="")) for text in ("Hello", "Hello", "Hello?"))
    assert first.event_id == again.event_id
    assert first.ticket_id == again.ticket_id
    assert other.event_id != first.event_id


# -- threads


def test_an_answer_is_on_the_ticket_of_the_first_mail() -> None:
    first = read(mail())
    by_references = read(
        mail(Message_ID="<m3@x>", References="<m1@example.org>\r\n <m2@shop>", In_Reply_To="<m2@shop>")
    )
    by_reply = read(mail(Message_ID="<m4@x>", In_Reply_To="<m1@example.org>"))
    assert {by_references.ticket_id, by_reply.ticket_id} == {first.ticket_id}
    assert by_references.type == "message"
    assert by_references.metadata["in_reply_to"] == "<m2@shop>"


@pytest.mark.parametrize(
    ("subject", "ticket"),
    [
        ("Re: [#4711] Late parcel", "4711"),
        ("AW: Your ticket TKT-0123456789ABCDEF", "TKT-0123456789abcdef"),
        ("Your ticket TKT-2026-0001", "TKT-2026-0001"),
    ],
)
def test_a_subject_names_the_ticket_when_it_may(subject: str, ticket: str) -> None:
    raw = mail(Subject=subject)
    assert read(raw, MailRules(by_subject=True)).ticket_id == ticket
    assert read(raw).ticket_id == read(mail()).ticket_id


def test_a_thread_is_surer_than_the_number_of_an_escalation() -> None:
    raw = mail(Subject="Re: TKT-2026-0001", Message_ID="<m2@x>", In_Reply_To="<m1@example.org>")
    assert read(raw, MailRules(by_subject=True)).ticket_id == read(mail()).ticket_id


# -- text


def test_plain_text_is_preferred_to_html() -> None:
    event = read(
        multipart(
            "alternative",
            "Content-Type: text/html\n\n<p>Rich <b>text</b></p>",
            "Content-Type: text/plain\n\nPlain text",
        )
    )
    assert event.text == "Plain text"


def test_html_alone_becomes_text_and_what_it_quotes_is_still_a_quote() -> None:
    html = (
        "<html><head><title>x</title><style>p {color: red}</style></head><body><p>It is&nbsp;still broken &amp; "
        "slow.</p><ul><li>one</li><li>two</li></ul><blockquote><p>We fixed it. Great!</p></blockquote></body></html>"
    )
    event = read(mail(html, Content_Type="text/html; charset=utf-8"))
    assert event.text == "It is still broken & slow.\n\n- one\n- two\n\n> We fixed it. Great!"
    # The scorer takes the quote out by itself.
    assert "Great" not in clean(event.text).text


def test_an_empty_plain_part_does_not_hide_the_html() -> None:
    event = read(multipart("alternative", "Content-Type: text/plain\n\n \n", "Content-Type: text/html\n\n<p>Here</p>"))
    assert event.text == "Here"


def test_quote_and_signature_stay_in_the_record() -> None:
    text = "Still broken.\n\n-- \nAnn\n\n> We fixed it."
    event = read(mail(text))
    assert event.text == text
    assert clean(text).text == "Still broken."


@pytest.mark.parametrize(
    ("charset", "raw", "text"),
    [
        ("iso-8859-1", "Größe “gut” €".encode("cp1252"), "Größe “gut” €"),
        ("us-ascii", "Größe".encode(), "Größe"),
        ("utf-8", "Größe".encode("latin-1"), "Größe"),
        ("x-unknown", "Größe".encode(), "Größe"),
        ("gb2312", "退款朱镕基".encode("gb18030"), "退款朱镕基"),
        ("utf-16", "Größe".encode("utf-16"), "Größe"),
        ("punycode", b"refund", "refund"),
        ("base64", b"refund", "refund"),
        ("utf-8", b"nul \x00 and \x1b escape", "nul  and  escape"),
    ],
)
def test_charsets_are_borne_with(charset: str, raw: bytes, text: str) -> None:
    head = mail("", Content_Type=f"text/plain; charset={charset}", Content_Transfer_Encoding="8bit")
    assert read(head + raw).text == text


@pytest.mark.parametrize(
    ("subject", "read_as"),
    [
        ("=?utf-8?B?R3LDtsOfZQ==?= =?iso-8859-1?Q?_gr=FC=DFt?=", "Größe grüßt"),
        ("=?utf-8?B?!!!?=", ""),
        ("=?klingon?Q?abc?=", "abc"),
        ("Größe ohne Kodierung", "Größe ohne Kodierung"),
        ("folded\r\n over lines", "folded over lines"),
    ],
)
def test_subjects_are_decoded(subject: str, read_as: str) -> None:
    assert (read(mail(Subject=subject)).subject or "") in (read_as, subject)
    if read_as:
        assert read(mail(Subject=subject)).subject == read_as


def test_a_sender_with_an_encoded_name() -> None:
    event = read(mail(From="=?utf-8?Q?M=C3=BCller=2C_Ann?= <ANN@x.example>"))
    assert (event.metadata["from_name"], event.email) == ("Müller, Ann", "ann@x.example")


def test_a_sender_who_is_no_address_is_nobody() -> None:
    event = read(mail(From="undisclosed"))
    assert (event.email, event.customer_id) == (None, None)


def test_where_an_answer_goes_is_kept() -> None:
    assert read(mail(Reply_To="form@shop.example")).metadata["reply_to"] == "form@shop.example"


# -- attachments, forwards


def test_attachments_are_names_and_sizes() -> None:
    event = read(
        multipart(
            "mixed",
            "Content-Type: text/plain\n\nSee the picture.",
            'Content-Type: image/png; name="=?utf-8?Q?Stra=C3=9Fe.png?="\n'
            "Content-Transfer-Encoding: base64\n\nAAECAwQ=",
            "Content-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR",
        )
    )
    assert event.text == "See the picture."
    assert event.attachments == [
        {"name": "Straße.png", "type": "image/png", "size": 5},
        {"name": "", "type": "text/calendar", "size": 15},
    ]


def test_a_mail_that_is_only_a_file_is_an_event() -> None:
    event = read(mail("AAEC", Subject="", Content_Type='image/png; name="a.png"', Content_Transfer_Encoding="base64"))
    assert event.text is None
    assert event.attachments == [{"name": "a.png", "type": "image/png", "size": 3}]


FORWARDED = "Content-Type: message/rfc822\n\nFrom: bob@x\nSubject: Broken\nMessage-ID: <b1@x>\n\nIt broke."


def test_a_forward_without_words_says_what_is_forwarded() -> None:
    event = read(multipart("mixed", "Content-Type: text/plain\n\n \n", FORWARDED))
    assert event.text == "It broke."
    assert event.attachments == [{"name": "Broken", "type": "message/rfc822", "size": 9}]


def test_a_forward_with_words_says_these() -> None:
    assert read(multipart("mixed", "Content-Type: text/plain\n\nSee below.", FORWARDED)).text == "See below."


def test_forwards_in_forwards_end() -> None:
    raw = b"Subject: innermost\r\n\r\nDeep down."
    for _ in range(60):
        raw = b"Subject: outer\r\nContent-Type: message/rfc822\r\n\r\n" + raw
    assert read(raw).subject == "outer"


# -- time


@pytest.mark.parametrize(
    "date",
    [
        "",
        "yesterday",
        "Thu, 01 Jan 1970 00:00:00 +0000",
        "Sun, 22 Nov 2026 12:00:00 +0000",
        "1 Jan 99999 00:00:00 +0000",
    ],
)
def test_a_date_that_cannot_be_is_when_the_server_got_it(date: str) -> None:
    event = read(mail(Date=date))
    assert event.occurred_at == RECEIVED
    assert event.metadata.get("date", "") == date


def test_a_date_without_a_zone_is_utc() -> None:
    assert read(mail(Date="Sun, 22 Nov 2026 09:00:00 -0000")).occurred_at == datetime(2026, 11, 22, 9, tzinfo=UTC)


# -- whose mail it is

BOUNCE = (
    "Content-Type: text/plain\n\nYour message could not be delivered.",
    "Content-Type: message/delivery-status\n\nStatus: 5.1.1",
    "Content-Type: message/rfc822\n\nFrom: support@shop\nMessage-ID: <s1@shop>\nReferences: <m1@example.org>\n\nHello.",
)


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ({"Auto_Submitted": "auto-replied"}, "automatic reply"),
        ({"Auto_Submitted": "auto-replied (vacation)", "Return_Path": "<>"}, "automatic reply"),
        ({"X_Autoreply": "yes"}, "automatic reply"),
        ({"Precedence": "auto_reply"}, "automatic reply"),
        ({"Auto_Submitted": "auto-generated; type=x"}, "machine-made"),
        ({"Precedence": "bulk"}, "machine-made"),
        ({"List_Unsubscribe_Post": "List-Unsubscribe=One-Click"}, "machine-made"),
        ({"Return_Path": "<>"}, "bounce"),
        ({"From": "Mail Delivery System <MAILER-DAEMON@mx.example>"}, "bounce"),
    ],
)
def test_machines_are_nobodys_words(headers: dict[str, str], kind: str) -> None:
    raw = mail(**headers)
    event = read(raw)
    assert (event.metadata["automatic"], event.author) == (kind, "system")
    assert (event.email, event.customer_id) == (None, None)
    assert outgoing_of(raw, RECEIVED, RULES).automatic


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ({"List_Id": "Support <support.shop.example>"}, "list"),
        ({"Precedence": "list"}, "list"),
        ({"X_Auto_Response_Suppress": "DR, OOF, AutoReply"}, "reply unwanted"),
    ],
)
def test_what_must_not_be_answered_may_be_a_customers_words(headers: dict[str, str], kind: str) -> None:
    event = read(mail(**headers))
    assert (event.metadata["automatic"], event.author, event.email) == (kind, None, "ann@example.org")


@pytest.mark.parametrize("headers", [{"Auto_Submitted": "no"}, {"X_Auto_Response_Suppress": "None"}, {}])
def test_a_persons_mail_is_not_marked(headers: dict[str, str]) -> None:
    assert "automatic" not in read(mail(**headers)).metadata


def test_a_list_of_our_own_marks_nothing() -> None:
    rules = MailRules(own_lists=frozenset({"support.shop.example"}))
    raw = mail(List_Id="Support <Support.Shop.Example>", Precedence="list", List_Unsubscribe="<mailto:x@y>")
    assert "automatic" not in read(raw, rules).metadata


def test_a_bounce_is_on_the_ticket_of_the_mail_that_came_back() -> None:
    event = read(multipart("report; report-type=delivery-status", *BOUNCE, Message_ID="<d1@mx>"))
    assert event.metadata["automatic"] == "bounce"
    assert event.ticket_id == read(mail()).ticket_id
    assert event.text == "Your message could not be delivered."


def test_a_receipt_is_no_bounce() -> None:
    event = read(multipart("report; report-type=disposition-notification", BOUNCE[0]))
    assert event.metadata["automatic"] == "automatic reply"


@pytest.mark.parametrize("agents", [{"ann@example.org"}, {"@example.org"}])
def test_an_agents_mail_is_an_answer(agents: set[str]) -> None:
    event = read(mail(Message_ID="<m2@x>", In_Reply_To="<m1@example.org>"), MailRules(agents=frozenset(agents)))
    assert (event.type, event.author, event.agent_id) == ("agent_reply", "agent", "ann@example.org")
    assert (event.email, event.customer_id) == (None, None)


# -- what is too large, or nothing


@pytest.mark.parametrize("letter", ["a", "ß", "😀", '"'])
def test_a_huge_text_is_cut_to_what_an_event_may_have(letter: str) -> None:
    outgoing = outgoing_of(mail(letter * 2_000_000), RECEIVED, RULES)
    event = read_event(outgoing.value, RECEIVED)
    assert isinstance(event, TicketEvent)
    assert event.text is not None
    assert MAX_EVENT_BYTES / 4 < len(outgoing.value) < MAX_EVENT_BYTES
    assert event.text.endswith(CUT_MARK)
    assert event.metadata["cut_characters"] == 2_000_000 - len(event.text) + len(CUT_MARK)


def test_a_mail_that_was_cut_says_so() -> None:
    outgoing = outgoing_of(mail()[:-5], RECEIVED, RULES, is_whole=False)
    event = read_event(outgoing.value, RECEIVED)
    assert isinstance(event, TicketEvent)
    assert event.metadata["cut"] == "mail"


def test_a_mail_of_nothing_is_a_dead_letter_that_says_which_it_was() -> None:
    outgoing = outgoing_of(mail("", Subject=""), RECEIVED, RULES)
    assert outgoing.rejected is not None
    assert outgoing.rejected.reason == Reason.EMPTY
    assert refused(outgoing).reason == Reason.EMPTY
    assert b"<m1@example.org>" in outgoing.value
    assert b"ann@" not in outgoing.value.lower()


def test_a_mail_that_cannot_be_taken_apart_is_a_dead_letter() -> None:
    nested = b"".join(b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (n, n) for n in range(500))
    outgoing = outgoing_of(nested, RECEIVED, RULES)
    assert outgoing.rejected is not None
    assert refused(outgoing).reason == Reason.EMPTY


@given(st.binary(max_size=400))
def test_bytes_of_any_kind_become_a_record(raw: bytes) -> None:
    outgoing = outgoing_of(b"From: a@b\r\nSubject: " + raw, RECEIVED, RULES)
    assert outgoing == outgoing_of(b"From: a@b\r\nSubject: " + raw, RECEIVED, RULES)
    found = read_event(outgoing.value, RECEIVED)
    assert isinstance(found, Rejected) == (outgoing.rejected is not None)


@given(st.text(max_size=200), st.text(max_size=200))
def test_what_a_mail_program_writes_is_read_as_it_was_meant(subject: str, text: str) -> None:
    subject = " ".join(each for each in subject.split() if each.isprintable())
    text = "".join(each for each in text if each.isprintable()).strip() or "."
    message = EmailMessage()
    message["Message-ID"] = "<m1@x>"
    message["From"] = "a@b.example"
    message["Subject"] = subject
    message.set_content(text)
    event = read(message.as_bytes())
    assert (event.subject or "") == subject
    assert event.text == text


@pytest.mark.parametrize("piece", ["<a ", "<!", "<p", "</", "&", "<!--", "<![CDATA[", "<?", "<a b='", "<script>", "<"])
def test_a_hostile_page_takes_a_bounded_time(piece: str) -> None:
    # The bound is the time that pytest gives a test.
    assert outgoing_of(mail(piece * 500_000, Content_Type="text/html"), RECEIVED, RULES).key


# -- headers that are too long

PARAMETERS = 'a="' + ";" * 100_000


def test_headers_are_cut_in_every_part_before_the_library_reads_them() -> None:
    parts = [f"{name}: text/plain; {PARAMETERS}\n\nx" for name in ("Content-Type", "Content-Disposition")]
    forward = (
        f"Content-Type: message/rfc822\n\nSubject: {'=?a?q? ' * 10_000}\nContent-type: text/plain; {PARAMETERS}\n\nx"
    )
    taken = mail_of(multipart("mixed", *parts, forward, To="a@b.example, " * 10_000))
    values = [(name.lower(), str(value)) for part in taken.walk() for name, value in part.raw_items()]
    content = [value for name, value in values if name.startswith("content-")]
    assert max(len(value) for _, value in values) == MAX_HEADER
    assert max(map(len, content)) <= MAX_CONTENT_HEADER
    assert max(value.count(";") for value in content) == MAX_PARAMETERS - 1


def test_the_parser_looks_for_no_boundary_in_a_header_without_end() -> None:
    taken = mail_of(mail(Content_Type=f'multipart/mixed; {PARAMETERS}"; boundary="b1"'))
    assert taken.get_boundary() is None


@pytest.mark.parametrize("header_name", ["References", "To", "Received", "X_Anything"])
def test_a_mail_with_a_long_header_is_read(header_name: str) -> None:
    ids = " ".join(f"<m{number}@example.org>" for number in range(1, 10_000))
    event = read(mail(Message_ID="<own@x>", **{header_name: ids}))
    assert event.text == "My parcel is late."
    assert (event.ticket_id == read(mail()).ticket_id) == (header_name == "References")


@pytest.mark.parametrize("before", ["", "a", "aa", "aaa"])
@pytest.mark.parametrize("letter", ["ß", "€", "😀"])
def test_a_long_header_is_not_cut_within_a_letter(before: str, letter: str) -> None:
    taken = mail_of(mail(Subject=before + letter * MAX_HEADER))
    subject = header(taken, "Subject")
    assert set(subject.removeprefix(before)) == {letter}
    assert MAX_HEADER - 4 < len(subject.encode()) <= MAX_HEADER


@pytest.mark.parametrize("raw", ["=?a?q? =?a?q?", "=?utf-8?Q?abc", "=?utf-8?Q?abc?= =?utf-8?Q?d", "2+2=?"])
def test_an_encoded_word_without_an_end_stays_as_it_is(raw: str) -> None:
    assert read(mail(Subject=raw)).subject == raw.replace("=?utf-8?Q?abc?=", "abc")


def test_words_without_an_end_take_a_bounded_time() -> None:
    # As above, by the time that pytest gives a test: without a bound on the header it would take an hour.
    endless = Message()
    endless["Subject"] = "=?a?q? " * 500_000
    assert len(header(endless, "Subject")) == len("=?a?q? ") * 500_000 - 1
