"""The default preset's categories, and what each is called in the presets B, C and E."""

from typing import Final, NamedTuple

import msgspec

from streams.scoring.word_lists import read_list_file


class Topic(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`topic` and `analytics` are a category, or a category and a subcategory joined by a dot."""

    topic: str
    incident: str
    whatsapp: str
    analytics: str


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    topics: tuple[Topic, ...]


class Place(NamedTuple):
    """Where a text belongs in a taxonomy."""

    category: str
    subcategory: str | None = None


def place_of(name: str) -> Place:
    """A dotted name as category and subcategory."""
    category, _, subcategory = name.partition(".")
    return Place(category, subcategory or None)


#: By topic, in the order in which they win a tie.
TOPICS: Final = {each.topic: each for each in read_list_file("taxonomy", _File).topics}
#: Where each of them belongs.
PLACES: Final = {topic: place_of(topic) for topic in TOPICS}
