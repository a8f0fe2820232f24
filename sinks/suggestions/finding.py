"""Articles that answer a text: by passage, and only those that answer enough of it. Pure but for the index it keeps."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from sinks.suggestions.articles import Article, Passage
from sinks.suggestions.bm25 import Bm25
from sinks.suggestions.terms import terms_of

# Below it nothing is suggested; measured on questions that no article answers (docs/suggestions.md).
THRESHOLD: Final = 0.33
MOST: Final = 3
FALLBACK: Final = "en"
# How often a term of the title counts, and one of the heading.
_TITLE, _HEADING = 2, 2


class Found(NamedTuple):
    """A passage that answers a share of a text, 0 to 1, by these terms, those that tell most first."""

    passage: Passage
    share: float
    terms: tuple[str, ...]


class _Index(NamedTuple):
    passages: Sequence[Passage]
    terms: Sequence[frozenset[str]]
    bm25: Bm25


class ArticleFinder:
    """Finds passages among a tenant's articles and those that are for all, of one language."""

    def __init__(self, articles: Sequence[Article]) -> None:
        """Builds the indexes. Raises ExtraMissing when there are articles and nothing to search them with."""
        self._languages = frozenset(article.head.language for article in articles)
        self._tenants = frozenset(article.head.tenant for article in articles)
        self.articles = tuple(articles)
        self._indexes = {
            (tenant, language): index
            for tenant in (*self._tenants, "")
            for language in self._languages
            for index in _made(articles, tenant, language)
        }

    def find(
        self, text: str, tenant: str, language: str | None, *, threshold: float = THRESHOLD, most: int = MOST
    ) -> list[Found]:
        """The best passage of each article that answers at least `threshold` of the text, best first."""
        asked_in = language if language in self._languages else FALLBACK
        index = self._indexes.get((tenant if tenant in self._tenants else "", asked_in))
        if index is None:
            return []
        terms = terms_of(text, asked_in)
        shares = index.bm25.shares(terms)
        found: list[Found] = []
        seen: set[str] = set()
        for place in sorted(range(len(index.passages)), key=lambda each: (-shares[each], each)):
            if shares[place] < threshold or len(found) == most or not shares[place]:
                break
            passage = index.passages[place]
            if passage.article.name not in seen:
                seen.add(passage.article.name)
                found.append(Found(passage, float(shares[place]), _by(index, place, terms)))
        return found


def _made(articles: Sequence[Article], tenant: str, language: str) -> Iterator[_Index]:
    passages = [
        Passage(article, section)
        for article in articles
        if article.head.language == language and article.head.tenant in ("", tenant)
        for section in article.sections
    ]
    if passages:
        terms = [_terms(passage, language) for passage in passages]
        yield _Index(passages, [frozenset(each) for each in terms], Bm25(terms))


def _terms(passage: Passage, language: str) -> list[str]:
    title, heading = terms_of(passage.article.head.title, language), terms_of(passage.section.heading, language)
    return [*_TITLE * title, *_HEADING * heading, *terms_of(passage.section.text, language)]


def _by(index: _Index, place: int, terms: Sequence[str]) -> tuple[str, ...]:
    shared = [term for term in dict.fromkeys(terms) if term in index.terms[place]]
    return tuple(sorted(shared, key=lambda term: -index.bm25.weight(term)))[:5]
