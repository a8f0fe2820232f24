"""What customers feel, and how strongly."""

from typing import Final

from clickhouse_connect.driver.client import Client

from sinks.analytics.distribution import percentage
from sinks.analytics.facts import bound, texts
from sinks.analytics.figures import Answer, Part, about
from sinks.analytics.selection import Selection
from sinks.dashboard.asking import ask

# A preset that names one emotion alone says nothing of its strength: then it is whole.
FELT: Final = "if(empty(emotions) AND emotion != '', map(emotion::String, 1.), CAST(emotions, 'Map(String, Float64)'))"

_EMOTIONS: Final = f"""
SELECT feeling.1 AS name, count() AS texts, round(avg(feeling.2), 4) AS mean, max(feeling.2) AS strongest
FROM
(
    SELECT arrayJoin(arrayPushBack(CAST({FELT}, 'Array(Tuple(String, Float64))'), ('', 0.))) AS feeling FROM {{texts}}
)
GROUP BY name
ORDER BY texts DESC, name
"""


class EmotionCount(Part):
    """In how many texts, and how strong there: 0 to 1. `percentage` is of all texts, 0 to 100."""

    emotion: str
    count: int
    avg_score: float
    max_score: float
    percentage: float
    tickets_url: str


class Emotions(Answer):
    """The most frequent first. A text may have several emotions or none. `total_analyzed` are all scored texts."""

    total_analyzed: int
    emotions: list[EmotionCount]


def read_emotions(client: Client, selection: Selection) -> Emotions:
    """Of the texts of the selection."""
    rows = ask(client, _EMOTIONS.replace("{texts}", texts(selection)), bound(selection))
    total = next((row["texts"] for row in rows if not row["name"]), 0)
    return Emotions(
        **about(selection),
        total_analyzed=total,
        emotions=[
            EmotionCount(
                emotion=row["name"],
                count=row["texts"],
                avg_score=row["mean"],
                max_score=row["strongest"],
                percentage=percentage(row["texts"], total),
                tickets_url=selection.tickets(emotion=row["name"]),
            )
            for row in rows
            if row["name"]
        ],
    )
