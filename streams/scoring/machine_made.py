"""Messages that no customer wrote: automatic replies, bounces and notices of machines."""

import re
from typing import Final, Literal

Machine = Literal["automatic reply", "bounce", "machine-made"]

# Machines say at the start what they are. A customer who complains of automatic replies says so within a sentence.
_START: Final = 1_000
_SAYS: Final[tuple[tuple[Machine, str], ...]] = (
    (
        "automatic reply",
        r"(?:re: *)?(?:automatic reply|auto[- ]?reply|autoreply|auto[- ]?response|out of (?:the )?office)\b"
        r" *(?:[:\-–]|$)"
        r"|(?:re: *)?out of (?:the )?office(?: re| auto[- ]?reply| reply)?:"
        r"|i(?:'m| am)(?: currently| now)? (?:out of (?:the )?office|away from (?:the|my) (?:office|desk)"
        r"|on (?:annual |parental |maternity |sick )?leave|on (?:vacation|holiday))"
        r"(?: (?:until|till) [\w ]{1,20}\.?\s*\Z"
        r"|[\s\S]{0,200}\b(?:limited access|in my absence|(?:up)?on my return"
        r"|when i(?:'m| am)? (?:back|return|get back)|will (?:reply|respond|answer|get back|be back)))"
        r"|thank you for your (?:e-?mail|message)[.,!]? *i(?:'m| am)(?: currently)? (?:out of|away|on)",
    ),
    (
        "bounce",
        r"(?:undeliver(?:able|ed)(?: mail)?\b *(?::|returned)|mail delivery (?:failed|failure|subsystem)|returned mail:"
        r"|delivery status notification|delivery (?:has )?failed to these recipients|failure notice *$"
        r"|this is the mail (?:system|delivery)|(?:from: *)?mailer-daemon\b"
        r"|your message (?:to .{1,80} )?(?:couldn't|could not) be delivered)",
    ),
    (
        "machine-made",
        r"(?:\W{0,6}(?:this is an?|this (?:e-?mail|message|notification) (?:is|was|has been)) (?:an )?"
        r"(?:auto(?:matic(?:ally)?|mated)?)[- ]?(?:generated|sent|system|message|e-?mail|notification)"
        r"|\W{0,6}(?:please )?do not reply (?:directly )?to this (?:e-?mail|message)"
        r"|(?:accepted|declined|tentative): |begin:vcalendar|monitor alert:|\[(?:firing|resolved)(?::\d+)?\]"
        r"|your (?:verification|one-time|security) (?:code|password) is\b)",
    ),
)
_MACHINE: Final = re.compile(
    r"^[ \t]*(?:" + "|".join(f"({pattern})" for _, pattern in _SAYS) + ")", re.IGNORECASE | re.MULTILINE
)


def machine_of(text: str) -> Machine | None:
    """Which kind of machine wrote a text, by what a line of its first 1,000 characters begins with.

    What a customer answers to may be there too: only the first line, or the text without quotes, is proof.
    """
    # With a single line there is a single place to look at.
    found = (_MACHINE.search if "\n" in text else _MACHINE.match)(text, 0, _START)
    return None if found is None or found.lastindex is None else _SAYS[found.lastindex - 1][0]
