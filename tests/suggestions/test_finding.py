"""Articles that answer a question: how often the right one, never another tenant's, nothing where none answers."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from sinks.suggestions.articles import Article, read_articles
from sinks.suggestions.finding import ArticleFinder
from sinks.suggestions.terms import terms_of
from tests.suggestions.labelled import ARTICLES, LABELLED

OURS, _ = read_articles(ARTICLES)
FINDER = ArticleFinder(OURS)


def names(finder: ArticleFinder, text: str, tenant: str = "default", language: str | None = "en") -> Sequence[str]:
    return [found.passage.article.name for found in finder.find(text, tenant, language)]


def test_the_right_article_comes_first_for_most_questions() -> None:
    asked = [(text, article) for text, article in LABELLED if article is not None]
    first = sum(names(FINDER, text)[:1] == [article] for text, article in asked)
    among = sum(article in names(FINDER, text) for text, article in asked)
    assert len(asked) == 216
    assert first / len(asked) > 0.55
    assert among / len(asked) > 0.6


@pytest.mark.parametrize(
    ("text", "article", "heading"),
    [
        ("How do I change my PIN?", "cards/pin", "Change the PIN"),
        ("my disposable cards reached the limit", "cards/virtual", "Disposable cards"),
        ("The ATM swallowed my card!!", "cards/swallowed", ""),
    ],
)
def test_a_passage_is_suggested_and_not_only_its_article(text: str, article: str, heading: str) -> None:
    best = FINDER.find(text, "default", "en")[0]
    assert (best.passage.article.name, best.passage.section.heading) == (article, heading)
    assert 0 < best.share < 1
    assert best.terms


@pytest.mark.parametrize(
    "text", ["", "?!", "the of and", "Wie wird das Wetter am Sonntag?", "\x00" * 50, "zebra " * 9_000]
)
def test_nothing_is_suggested_for_what_no_article_answers(text: str) -> None:
    assert names(FINDER, text) == []


def test_a_language_finds_its_own_and_else_english() -> None:
    assert names(FINDER, "Die Prüfung der Identität schlägt fehl", language="de") == ["account/identity.de"]
    assert names(FINDER, "change the PIN", language="fi")[0] == "cards/pin"
    assert names(FINDER, "change the PIN", language=None)[0] == "cards/pin"


def article_of(tmp_path: Path, name: str, title: str, tenant: str) -> Article:
    path = tmp_path / f"{name}.md"
    path.write_text(f'+++\ntitle = "{title}"\ntenant = "{tenant}"\n+++\nHow to reset the {name} frobnicator.\n')
    return next(each for each in read_articles(tmp_path)[0] if each.name == name)


def test_an_article_of_another_tenant_is_never_found(tmp_path: Path) -> None:
    made = [("a", "Acme", "acme"), ("b", "Boss", "b"), ("c", "All", "")]
    finder = ArticleFinder([article_of(tmp_path, *each) for each in made])
    assert set(names(finder, "reset the frobnicator", "acme")) == {"a", "c"}
    assert set(names(finder, "reset the frobnicator", "b")) == {"b", "c"}
    assert set(names(finder, "reset the frobnicator", "other")) == {"c"}


def test_terms_are_the_same_in_every_form() -> None:
    assert terms_of("Declined declining DECLINES decline", "en") == ["declin"] * 4
    assert terms_of("the card's", "en") == ["card"]
    assert terms_of("Karten und Karte", "de") == ["kart", "kart"]
