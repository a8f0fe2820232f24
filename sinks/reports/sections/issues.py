"""Common issues: what customers write about most, and what they did not write about before."""

from sinks.analytics.phrases import Phrases
from sinks.dashboard.topics import Topics
from sinks.reports.figures_in_words import span_in_words
from sinks.reports.model import Column, Row, Section, Table
from sinks.reports.sections.naming import MOST


def issues_section(phrases: Phrases, topics: Topics | None) -> Section:
    """`topics` is none where no span of theirs fits, or only some tickets are looked at."""
    return Section(
        key="issues",
        title="Common issues",
        blocks=(_phrases(phrases), *((_topics(topics),) if topics is not None else ())),
    )


def _phrases(found: Phrases) -> Table:
    return Table(
        key="phrases",
        title="Most frequent phrases",
        columns=(
            Column(name="phrase", unit="text"),
            Column(name="texts"),
            Column(name="tickets"),
            Column(name="negative", unit="share"),
        ),
        rows=tuple(
            Row(values=(each.phrase, each.count, each.tickets, each.negative_share), tickets=each.tickets_url)
            for each in found.phrases[:MOST]
        ),
        empty="No phrase was found in any text.",
    )


def _topics(found: Topics) -> Table:
    before = span_in_words(found.baseline, found.since)
    return Table(
        key="topics",
        title="New topics",
        columns=(
            Column(name="phrase", unit="text"),
            Column(name="tickets"),
            Column(name="texts now", unit="share"),
            Column(name="before", unit="share"),
        ),
        rows=tuple(
            Row(values=(each.phrase, each.support, each.share, each.usual_share)) for each in found.topics[:MOST]
        ),
        empty="No phrase of five tickets or more is twice as frequent as before.",
        note=f"Of {span_in_words(found.since, found.until)}, against {before}.",
    )
