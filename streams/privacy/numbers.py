"""Numbers that are somebody's: cards, bank accounts, social security numbers, telephones."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

import phonenumbers
from stdnum import iban, luhn
from stdnum.us import ssn

from streams.privacy.found import Found

_CARD: Final = re.compile(r"(?<![\w.,+-])\d(?:[ -]?\d){12,18}+(?![\w-]|[.,]\d)")
# By what the numbers of each length begin with (ISO/IEC 7812): a number of 15 digits is more often that of a telephone.
_ISSUERS: Final = {
    13: re.compile(r"4"),
    14: re.compile(r"3[0689]"),
    15: re.compile(r"3[47]"),
    16: re.compile(r"4|5[1-5]|2[2-7]|35|6[0245]|8[12]"),
    17: re.compile(r"6[2379]"),
    18: re.compile(r"6[2379]"),
    19: re.compile(r"4|6[0-9]"),
}
_IBAN: Final = re.compile(r"(?<![\w-])[A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z0-9]{1,4}){3,9}(?![\w-])")
_SSN: Final = re.compile(r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])")
_PHONE: Final = re.compile(
    r"(?<![\w.,:#/$€£-])(?:\+\d|\(\d|\d)(?:[ ().\u00a0/-]{0,2}\d){6,16}+(?![\w%]|[.,:/-]\d|-[A-Za-z])"
)
_DATE: Final = re.compile(r"\d{4}([-./ ])\d{1,2}\1\d{1,2}\b|\d{1,2}([-./ ])\d{1,2}\2(?:\d{4}|\d{2})\b")
_PHONE_WORD: Final = re.compile(
    r"(?i)\b(?:phone|telephone|tel|mobile|cell|cellphone|call|calling|called|dial|fax|ring|whatsapp|sms|handy|telefon|reach|"
    r"text\s+(?:me|us))\b[^\d\n]{0,30}\Z"
)
_OTHER_NUMBER: Final = re.compile(
    r"(?i)(?:\b(?:order|invoice|ticket|case|ref|reference|account|acct|tracking|serial|id|ids|no|number|version|claim|"
    r"policy|confirmation|transaction|shipment|parcel|booking|imei|sku|isbn|item|part|loan|file|code)\b|#|№)"
    r"[^\d\n]{0,12}\Z"
)
_SEPARATORS: Final = re.compile(r"[ ().\u00a0/-]")
_LOOKED_BACK: Final = 48


def cards(text: str) -> Iterator[Found]:
    """Payment cards: 13 to 19 digits, an issuer's beginning and Luhn's digit."""
    for match in _CARD.finditer(text):
        digits = _digits(match[0])
        issuer = _ISSUERS.get(len(digits))
        if issuer is not None and issuer.match(digits) and luhn.is_valid(digits):
            yield Found("CARD", match.start(), match.end())


def accounts(text: str) -> Iterator[Found]:
    """IBANs that their check digits hold for; words behind one are not taken for a part of it."""
    for match in _IBAN.finditer(text):
        written = match[0]
        while len(written) >= 15:
            if iban.is_valid(written):
                yield Found("IBAN", match.start(), match.start() + len(written))
                break
            written = written[: max(written.rfind(" "), written.rfind("-"), 0)]


def social_security(text: str) -> Iterator[Found]:
    """Those of the United States, as they are written with dashes."""
    if "-" in text:
        for match in _SSN.finditer(text):
            if ssn.is_valid(match[0]):
                yield Found("SSN", match.start(), match.end())


def phones(text: str, regions: Sequence[str]) -> Iterator[Found]:
    """Telephone numbers that exist in the numbering plan of their country.

    With + any country's. Without it those of `regions`, if they are written in groups or behind a word such as "call",
    and not behind one such as "order".
    """
    for match in _PHONE.finditer(text):
        written, start = match[0], match.start()
        if _DATE.match(written):
            continue
        if written.startswith("+"):
            known = _exists(written, ())
        else:
            before = text[max(0, start - _LOOKED_BACK) : start]
            spoken = _PHONE_WORD.search(before) is not None
            grouped = len(_SEPARATORS.findall(written)) >= 2
            known = (spoken or (grouped and not _OTHER_NUMBER.search(before))) and _exists(written, tuple(regions))
        if known:
            yield Found("PHONE", start, match.end())


@lru_cache(maxsize=4096)
def _exists(written: str, regions: tuple[str, ...]) -> bool:
    if written.startswith("00"):
        written = "+" + written[2:]
    for region in regions or (None,):
        try:
            if phonenumbers.is_valid_number(phonenumbers.parse(written, region)):
                return True
        except phonenumbers.NumberParseException:
            continue
    return False


def _digits(written: str) -> str:
    return "".join(filter(str.isdigit, written))
