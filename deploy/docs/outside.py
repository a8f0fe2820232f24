"""Hooks of MkDocs: pages outside of docs/ are in the site too, and links hold on a forge and here."""

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
_NESTED = re.compile(r"^ {2,3}(?=[-*] )", re.M)
_COMMENT = re.compile(r"^(<!--.*-->\n)(?=\S)", re.M)
_LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)#\s:]+)(#[^)\s]*)?\)")


def outside() -> dict[str, str]:
    """Where in the site a page of the repository lies that is not in docs/, by its path in the repository."""
    runbooks = sorted((ROOT / "deploy" / "runbooks").glob("*.md"))
    return {"ARCHITECTURE.md": "architecture.md"} | {
        path.relative_to(ROOT).as_posix(): f"runbooks/{path.name}" for path in runbooks
    }


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds them."""
    for source, place in outside().items():
        files.append(File.generated(config, place, abs_src_path=str(ROOT / source)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Links that leave docs/ lead to where their target is in the site; what is not in it keeps its words alone."""
    return relinked(markdown, page.file.src_uri)


def relinked(markdown: str, place: str) -> str:
    """A page of the site at `place`, with its links changed outside of code.

    Also what forges read otherwise than Python-Markdown: lists in lists, and what follows a comment at once.
    """
    parts = re.split(r"(^```.*?^```$)", markdown, flags=re.M | re.S)
    for at in range(0, len(parts), 2):
        linked = _LINK.sub(lambda found: _changed(found, place), parts[at])
        parts[at] = _COMMENT.sub(r"\1\n", _NESTED.sub("    ", linked))
    return "".join(parts)


def _changed(found: re.Match[str], place: str) -> str:
    words, target, anchor = found.groups()
    places = outside()
    source = {there: here for here, there in places.items()}.get(place, f"docs/{place}")
    meant = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
    there = places.get(meant) or (meant.removeprefix("docs/") if meant.startswith("docs/") else None)
    if there is None:
        return str(words) if (ROOT / meant).exists() else str(found[0])
    return f"[{words}]({posixpath.relpath(there, posixpath.dirname(place) or '.')}{anchor or ''})"
