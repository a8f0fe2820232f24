"""Help articles: Markdown files, each with a title, an address where customers can read it, and whose it is."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final, Literal, NamedTuple

from pydantic import Field, StringConstraints

from schemas.corrections import CATEGORY_PATTERN
from schemas.toml_files import Mistake
from sinks.suggestions.sections import Section, sections_of
from sinks.suggestions.written_files import Head, Written, read_written

SUFFIX: Final = ".md"

Line = Annotated[
    str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$", strip_whitespace=True)
]
Url = Annotated[str, StringConstraints(max_length=1_000, pattern=r"^(https?://[^\s<>\"'\x00-\x1f]+)?$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")]
TenantOrAll = Annotated[str, StringConstraints(pattern=r"^([A-Za-z0-9_.\-]{1,64})?$")]
Category = Annotated[str, StringConstraints(pattern=CATEGORY_PATTERN)]


class ArticleHead(Head):
    """`tenant` is empty for an article that is for all."""

    title: Line
    url: Url = ""
    category: Category | Literal[""] = ""
    language: Language = "en"
    tenant: TenantOrAll = Field("", description="Whose article it is; empty for all tenants.")


class Article(NamedTuple):
    """An article; `name` is its file's, below the folder and without its ending."""

    name: str
    head: ArticleHead
    sections: Sequence[Section]


class Passage(NamedTuple):
    """A section of an article."""

    article: Article
    section: Section


def read_articles(folder: Path) -> tuple[list[Article], list[Mistake]]:
    """The articles of a folder, and what is wrong with the others. Raises OSError when it cannot be read."""
    written, wrong = read_written(folder, SUFFIX, ArticleHead)
    articles = list(map(_article, written))
    empty = {article.name for article in articles if not article.sections}
    wrong += [Mistake(each.path, each.line, "", "it says nothing") for each in written if each.name in empty]
    return [article for article in articles if article.name not in empty], wrong


def _article(written: Written[ArticleHead]) -> Article:
    return Article(written.name, written.head, sections_of(written.text))
