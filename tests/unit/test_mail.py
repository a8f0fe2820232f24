"""A customer's reply without the mail that it answers, and without the signature."""

import pytest

from streams.scoring.mail import reply_of


@pytest.mark.parametrize(
    "quote",
    [
        "On Mon, 3 Mar 2025 at 10:12, Support <s@acme.example> wrote:\n> Great news!",
        "On 3 March 2025 at 10:12 Ann Lee wrote:\n\n> Great news!",
        "From: Support\nSent: Monday, 3 March 2025\nTo: Ann\nSubject: Re: Broken\n\nGreat news!",
        "> Great news!\n> Really.",
        "  > Great news!",
    ],
)
def test_what_is_quoted_goes(quote: str) -> None:
    reply = reply_of(f"It is still broken.\n\n{quote}")
    assert reply.text == "It is still broken."
    assert reply.removed["quoted_lines"] >= 1
    assert reply.removed["signatures"] == 0


def test_answers_between_quoted_lines_stay() -> None:
    reply = reply_of("> Does it start?\nNo.\n> Is it plugged in?\nYes, of course.")
    assert reply == ("No.\nYes, of course.", {"quoted_lines": 2, "signatures": 0})


@pytest.mark.parametrize(
    "signature",
    [
        "-- \nAnn Lee\nHappy Ltd",
        "--\nAnn",
        "Best regards,\nAnn",
        "Kind regards",
        "Yours sincerely,\nAnn Lee",
        "Thanks,\nAnn",
        "Thank you!\nAnn",
        "Cheers\nAnn\n+1 555 0100",
        "Sent from my iPhone",
        "Get Outlook for Android",
        "________________\nAnn",
    ],
)
def test_signatures_go(signature: str) -> None:
    assert reply_of(f"It is broken.\n\n{signature}") == ("It is broken.", {"quoted_lines": 0, "signatures": 1})


@pytest.mark.parametrize(
    "text",
    [
        "One line, nothing else.",
        "Thanks for nothing.\nIt is broken.",
        "Thanks,\nAnn",
        "The list:\n- first\n- second",
        "Regards to Ann, who said:\nit never worked.",
        "Thanks\n" + "It still fails, and this is what happened on each of the days since Monday morning." * 3,
        "Best\n" + "\n".join(["it fails"] * 9),
    ],
)
def test_what_only_looks_like_one_stays(text: str) -> None:
    assert reply_of(text).text == text


def test_windows_line_ends_are_line_ends() -> None:
    assert reply_of("It is broken.\r\n\r\n> Great\r\n> news").text == "It is broken."


def test_many_marks_are_looked_at_near_the_end_only() -> None:
    # What is looked at is bounded by the signature's size: 20,000 marks would otherwise be 20,000 times the text.
    text = (
        "It fails.\n"
        + "Thanks,\nAnn went on to tell us much more than a signature can hold, line by line by line.\n" * 500
    )
    assert reply_of(text).text == text.strip()
    assert reply_of(f"{text}\n-- \nAnn").removed["signatures"] == 1


def test_headers_in_long_lines_or_great_number_are_left_alone() -> None:
    many = "From: a\nSent: b\nTo: c\nSubject: d\n" * 50
    assert reply_of(many).text == many.strip()
    long = f"It fails.\n\nFrom: {'a' * 500}\nSent: b\nTo: c\nSubject: d\n\nGreat"
    assert reply_of(long).text == long
