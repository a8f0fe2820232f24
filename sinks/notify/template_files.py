"""The files that templates are: where they lie, how they are called, and which one holds.

    FOLDER/TENANT/LANGUAGE/FILE    for one tenant
    FOLDER/LANGUAGE/FILE           for all of them
    templates/LANGUAGE/FILE        what comes with ticketpulse, in English and German

A file is KIND.FORMAT, as in escalation.html, or `_name.txt` and `_name.html`, which others include and extend, or
words.toml.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, Literal, NamedTuple, get_args

from schemas.notifications import KINDS

# What a template makes: `short` is for phones and may be missing, then the subject is sent.
Format = Literal["subject", "txt", "html", "short"]
FORMATS: Final[tuple[Format, ...]] = get_args(Format)
# Several notices in one message; and the file that is attached to a mail.
DIGEST: Final = "digest"
CONVERSATION: Final = "conversation"
WORDS: Final = "words.toml"
FALLBACK: Final = "en"
BUILT_IN: Final = Path(__file__).parent / "templates"
MAX_BYTES: Final = 65_536

_LANGUAGE: Final = re.compile(r"[a-z]{2}")
_PART: Final = re.compile(r"_[a-z0-9_]+\.(txt|html)")


class WordingError(ValueError):
    """What is wrong in templates: a line for each mistake, with its file and line."""

    def __init__(self, mistakes: Iterable[str]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(self.mistakes))


class Place(NamedTuple):
    """Whose file it is, as one can look it up. The tenant is empty where it is for all."""

    tenant: str
    language: str
    name: str


class Source(NamedTuple):
    """A file's text, and how to call it in errors."""

    path: str
    text: str


Sources = Mapping[Place, Source]


def file_name(kind: str, form: Format) -> str:
    """As in escalation.subject.txt."""
    return f"{kind}.{form}" if form in ("txt", "html") else f"{kind}.{form}.txt"


FILE_NAMES: Final = frozenset(
    {file_name(kind, form) for kind in (*KINDS, DIGEST) for form in FORMATS} | {f"{CONVERSATION}.txt", WORDS}
)


def read_built_in() -> Sources:
    """What comes with ticketpulse."""
    return dict(_read(BUILT_IN, []))


def read_folder(folder: Path) -> Sources:
    """All files of a folder. Raises WordingError for names and contents that cannot be, OSError without a folder."""
    mistakes: list[str] = []
    # Raises where iterdir of a glob would find nothing.
    next(folder.iterdir(), None)
    found = dict(_read(folder, mistakes))
    if mistakes:
        raise WordingError(mistakes)
    return found


def look_up(sources: Iterable[Sources], wanted: Place) -> Iterator[Source]:
    """The files of that name, the one that holds first: those of the language before English, those of the first of
    `sources` before the others', the tenant's before everybody's.
    """
    for language in dict.fromkeys((wanted.language, FALLBACK)):
        for each in sources:
            for tenant in dict.fromkeys((wanted.tenant, "")):
                source = each.get(Place(tenant, language, wanted.name))
                if source is not None:
                    yield source


def _read(folder: Path, mistakes: list[str]) -> Iterator[tuple[Place, Source]]:
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.is_dir() or any(part.startswith(".") for part in parts):
            continue
        place = _place(parts)
        if place is None:
            mistakes.append(f"{path}: {_wanted(parts)}")
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            mistakes.append(f"{path}: no text in UTF-8")
            continue
        if len(text) > MAX_BYTES:
            mistakes.append(f"{path}: {len(text):,} characters; a template has {MAX_BYTES:,} at most")
            continue
        yield place, Source(str(path), text)


def _place(parts: tuple[str, ...]) -> Place | None:
    if len(parts) not in (2, 3) or not _LANGUAGE.fullmatch(parts[-2]):
        return None
    name = parts[-1]
    tenant = parts[0] if len(parts) == 3 else ""
    return Place(tenant, parts[-2], name) if name in FILE_NAMES or _PART.fullmatch(name) else None


def _wanted(parts: tuple[str, ...]) -> str:
    if len(parts) not in (2, 3) or not _LANGUAGE.fullmatch(parts[-2]):
        return "templates lie in LANGUAGE/ or TENANT/LANGUAGE/, and a language is two letters, as in de"
    kinds = ", ".join((*KINDS, DIGEST))
    return (
        "no template is called so; wanted: KIND.subject.txt, KIND.txt, KIND.html or KIND.short.txt with one of "
        f"{kinds}; {CONVERSATION}.txt; {WORDS}; or _NAME.txt and _NAME.html for what others include"
    )
