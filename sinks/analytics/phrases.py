"""What customers write about most, in their own words."""

from typing import Final

from clickhouse_connect.driver.client import Client

from sinks.analytics.facts import bound, texts
from sinks.analytics.figures import Answer, Part, about
from sinks.analytics.selection import Selection
from sinks.dashboard.asking import ask

DEFAULT_PHRASES: Final = 20
MAX_PHRASES: Final = 200

_PHRASES: Final = """
SELECT phrase, count() AS number_of_texts, uniqExact(ticket) AS tickets,
    countIf(label IN ('very_negative', 'negative')) / number_of_texts AS negative_share
FROM
(
    SELECT arrayJoin(arrayDistinct(key_phrases)) AS phrase, ticket, label FROM {texts}
)
WHERE phrase != ''
GROUP BY phrase
ORDER BY number_of_texts DESC, phrase
LIMIT {most:UInt32}
"""


class PhraseCount(Part):
    """In how many texts and tickets; a text counts once."""

    phrase: str
    count: int
    tickets: int
    negative_share: float
    tickets_url: str


class Phrases(Answer):
    """The most frequent key phrases first."""

    phrases: list[PhraseCount]


def read_phrases(client: Client, selection: Selection, limit: int = DEFAULT_PHRASES) -> Phrases:
    """Of the texts of the selection."""
    rows = ask(client, _PHRASES.replace("{texts}", texts(selection)), bound(selection, most=limit))
    return Phrases(
        **about(selection),
        phrases=[
            PhraseCount(count=row.pop("number_of_texts"), tickets_url=selection.tickets(phrase=row["phrase"]), **row)
            for row in rows
        ],
    )
