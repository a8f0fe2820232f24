"""Texts with personal data whose places are known: sentences of ours, filled in from a seed, and hard negatives."""

import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import phonenumbers
from stdnum import luhn
from stdnum.iso7064 import mod_97_10

from streams.privacy import Found, Kind

_SEED: Final = 77
_EACH: Final = 40
_ALPHABET: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_FIRST: Final = ("Anna", "Jorge", "Mei", "Oluwaseun", "Siobhan", "Lukas", "Zoë", "Priya", "Ahmed", "Élodie")
_LAST: Final = (
    "Schmidt",
    "O'Neill",
    "García",
    "Nguyen",
    "Adeyemi",
    "Kowalski",
    "Smith-Jones",
    "Tanaka",
    "Müller",
    "Roy",
)

_SENTENCES: Final[dict[Kind, tuple[str, ...]]] = {
    "EMAIL": (
        "Please write to {} about order 12345678.",
        "My address is {}, not the old one!",
        "I never got the mail ({}) from 12.05.2024.",
        "{} is what I signed up with",
    ),
    "URL": ("I clicked {} and it said expired.", "The link <{}> does not work.", "Look: {}."),
    "SECRET": (
        "My password is {} and it fails.",
        "We call you with {} in the header.",
        "api key: {}",
        "The log has Authorization: Bearer {} in it.",
    ),
    "IBAN": ("Refund to {} please.", "IBAN: {}", "My account {} was charged 49.99 EUR."),
    "CARD": ("You charged {} twice.", "card number {}, expires 04/27", "Why is {} blocked?"),
    "SSN": ("My SSN is {}.", "They asked for {} on the phone."),
    "IP": ("We come from {} only.", "Your server {} does not answer since 10:20:30.", "blocked: {}"),
    "PHONE": ("Call me at {} after 5.", "My number is {}, thank you.", "Phone: {}", "You can reach me on {}."),
    "NAME": (
        "Dear {},\nyour last mail was no help.",
        "My name is {} and I want a refund.",
        "It still fails.\n\nBest regards,\n{}",
    ),
}


class Labelled(NamedTuple):
    """A text, and what is personal in it."""

    text: str
    found: tuple[Found, ...]


def labelled() -> list[Labelled]:
    """360 generated texts with one value each, and the negatives. The same at every call."""
    return [*_generated(random.Random(_SEED)), *(Labelled(text, ()) for text in negatives())]


def negatives() -> list[str]:
    """What looks like personal data and is none."""
    return (Path(__file__).parent / "hard_negatives.txt").read_text("utf-8").splitlines()


def _generated(rng: random.Random) -> Iterator[Labelled]:
    for kind, sentences in _SENTENCES.items():
        for number in range(_EACH):
            before, _, after = sentences[number % len(sentences)].partition("{}")
            value = _VALUES[kind](rng)
            yield Labelled(before + value + after, (Found(kind, len(before), len(before) + len(value)),))


def _email(rng: random.Random) -> str:
    name = rng.choice(_FIRST).lower()
    user = rng.choice((name, f"{name}.{rng.randrange(99)}", f"{name}+shop", f"{name}_x-y", f"{name[0]}'{name[1:]}"))
    host = rng.choice(("example.com", "mail.example.co.uk", "bücher.example", "x-y.example.org", "a1.example.museum"))
    return f"{user}@{host}"


def _url(rng: random.Random) -> str:
    token = _random(rng, 24)
    return rng.choice(
        (
            f"https://shop.example/reset?token={token}",
            f"http://user:{token}@files.example/a",
            f"https://app.example/invite/{token}",
            f"https://app.example/#access={token}",
        )
    )


def _secret(rng: random.Random) -> str:
    return rng.choice(
        (
            f"sk-{_random(rng, 40)}",
            f"ghp_{_random(rng, 36)}",
            f"AKIA{''.join(rng.choices('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', k=16))}",
            f"eyJ{_random(rng, 20)}.eyJ{_random(rng, 40)}.{_random(rng, 43)}",
            f"{_random(rng, 32)}",
            "".join(rng.choices("0123456789abcdef", k=40)),
        )
    )


def _iban(rng: random.Random) -> str:
    country, bank = rng.choice((("DE", "37040044"), ("NL", "ABNA"), ("FR", "2004101005"), ("GB", "WEST123456")))
    sizes = {"DE": 10, "NL": 10, "FR": 13, "GB": 8}
    account = "".join(rng.choices("0123456789", k=sizes[country]))
    if country == "NL":
        account = "0417164300"
    if country == "FR":
        account = "0500013M02606"
    if country == "GB":
        account = "98765432"
    check = mod_97_10.calc_check_digits(bank + account + country)
    whole = f"{country}{check}{bank}{account}"
    grouped = " ".join(whole[at : at + 4] for at in range(0, len(whole), 4))
    return rng.choice((whole, grouped))


def _card(rng: random.Random) -> str:
    start, length = rng.choice((("4", 16), ("52", 16), ("37", 15), ("6011", 16), ("2221", 16)))
    digits = start + "".join(rng.choices("0123456789", k=length - len(start) - 1))
    digits += luhn.calc_check_digit(digits)
    joint = rng.choice(("", " ", "-"))
    return joint.join(digits[at : at + 4] for at in range(0, len(digits), 4))


def _ssn(rng: random.Random) -> str:
    return f"{rng.randrange(100, 600)}-{rng.randrange(10, 99)}-{rng.randrange(1000, 9999)}"


def _ip(rng: random.Random) -> str:
    if rng.random() < 0.3:
        return f"2001:db8:{rng.randrange(4096):x}::{rng.randrange(1, 65536):x}:1"
    return ".".join(str(rng.randrange(1, 255)) for _ in range(4))


def _phone(rng: random.Random) -> str:
    region = rng.choice(("US", "GB", "DE", "FR", "IN", "BR"))
    number = phonenumbers.example_number_for_type(region, rng.choice((0, 1)))
    assert number is not None
    formats = [phonenumbers.PhoneNumberFormat.INTERNATIONAL, phonenumbers.PhoneNumberFormat.E164]
    if region in ("US", "GB"):
        formats.append(phonenumbers.PhoneNumberFormat.NATIONAL)
    return str(phonenumbers.format_number(number, rng.choice(formats)))


def _name(rng: random.Random) -> str:
    return rng.choice((rng.choice(_FIRST), f"{rng.choice(_FIRST)} {rng.choice(_LAST)}"))


def _random(rng: random.Random, size: int) -> str:
    return "".join(rng.choices(_ALPHABET, k=size))


_VALUES: Final[dict[Kind, Callable[[random.Random], str]]] = {
    "EMAIL": _email,
    "URL": _url,
    "SECRET": _secret,
    "IBAN": _iban,
    "CARD": _card,
    "SSN": _ssn,
    "IP": _ip,
    "PHONE": _phone,
    "NAME": _name,
}


def held_out() -> list[Labelled]:
    """Sentences that were written after the patterns and measured once; `{KIND|value}` marks what is personal."""
    lines = (Path(__file__).parent / "held_out.txt").read_text("utf-8").splitlines()
    return [_marked(line) for line in lines]


def _marked(line: str) -> Labelled:
    text, found = "", []
    for plain, kind, value in re.findall(r"([^{]*)(?:\{([A-Z]+)\|([^}]*)\})?", line):
        text += plain
        if kind:
            found.append(Found(kind, len(text), len(text) + len(value)))
            text += value
    return Labelled(text, tuple(found))
