"""What people are told, in words: a notification's subject, text, HTML and the conversation to attach.

Templates are files (`sinks/notify/template_files.py`), facts are what they may name (`sinks/notify/facts.py`).
docs/templates.md tells how to write one.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from jinja2 import TemplateError, TemplateNotFound, TemplateSyntaxError

from schemas.notifications import KINDS, Notification
from sinks.notify.facts import facts_of
from sinks.notify.inert import one_line
from sinks.notify.phrasing import Phrasing, wrong_words
from sinks.notify.samples import bare, digest, sample
from sinks.notify.sandbox import Sandbox
from sinks.notify.template_files import (
    CONVERSATION,
    DIGEST,
    FORMATS,
    WORDS,
    Format,
    Place,
    Sources,
    WordingError,
    file_name,
    look_up,
    read_built_in,
    read_folder,
)

SUBJECT_CHARS: Final = 200

log = logging.getLogger(__name__)


class Words(NamedTuple):
    """A message. `subject` is one line; `short` is for phones; `conversation` is empty where nothing was said."""

    subject: str
    text: str
    html: str
    short: str
    conversation: str


class Wording:
    """Puts notifications into words: by templates of one's own, and else by those that come with ticketpulse."""

    def __init__(self, own: Sources, built_in: Sources) -> None:
        self._own = own
        self._built_in = built_in
        self._tenants = {place.tenant for place in own}
        self.languages = frozenset(place.language for sources in (own, built_in) for place in sources)
        self._sandbox = lru_cache(maxsize=None)(self._make_sandbox)

    def words(self, notification: Notification, language: str) -> Words:
        """The message. What a template of one's own turns out not to be able to say is said by the one that comes with
        ticketpulse, and logged: better that than nobody is told.
        """
        try:
            return self._words(self._of(notification.tenant, language), notification)
        except TemplateError as error:
            log.error("a template of one's own failed, and the built-in one is sent instead: %s", _told(error))
            return self._words(self._sandbox(None, language), notification)

    def text(self, notification: Notification, language: str, form: Format) -> str:
        """One format of it. Raises WordingError for a template that cannot say it."""
        try:
            return _rendered(self._of(notification.tenant, language), notification, form)
        except TemplateError as error:
            raise WordingError([_told(error)]) from error

    def mistakes(self) -> Iterator[str]:
        """What is wrong in one's own templates. Each is read, and tried on samples of all that it is for."""
        for tenant in sorted(self._tenants):
            for language in sorted({place.language for place in self._own}):
                sandbox = self._of(tenant, language)
                yield from _unreadable(sandbox, [place.name for place in self._own if place[:2] == (tenant, language)])
                yield from _failing(sandbox)

    def _of(self, tenant: str, language: str) -> "_Templates":
        return self._sandbox(tenant if tenant in self._tenants else "", language)

    def _make_sandbox(self, tenant: str | None, language: str) -> "_Templates":
        sources = (self._built_in,) if tenant is None else (self._own, self._built_in)
        return _Templates(sources, tenant or "", language)

    def _words(self, templates: "_Templates", notification: Notification) -> Words:
        subject, text, html, short = (_rendered(templates, notification, form) for form in FORMATS)
        has_messages = any(each.messages for each in facts_of(notification))
        conversation = _filled(templates, f"{CONVERSATION}.txt", notification) if has_messages else ""
        return Words(subject, text, html, short, conversation)


class _Templates(Sandbox):
    """The templates of one tenant and language."""

    def __init__(self, sources: Sequence[Sources], tenant: str, language: str) -> None:
        def found(name: str) -> Iterator[Any]:
            return look_up(sources, Place(tenant, language, name))

        phrasing = Phrasing(found(WORDS))
        self.language = language
        self.has = lru_cache(maxsize=None)(lambda name: next(found(name), None) is not None)

        def load(name: str) -> tuple[str, str, Any] | None:
            source = next(found(name), None)
            return (source.text, source.path, lambda: True) if source else None

        super().__init__(load, phrasing.filters)


def read_wording(folder: Path | None = None) -> Wording:
    """The templates of a folder and those that come with ticketpulse.

    Raises WordingError with all that is wrong in the folder, each with its file and line; OSError without the folder.
    """
    own = read_folder(folder) if folder else {}
    unusable = {place: wrong for place, source in own.items() if place.name == WORDS and (wrong := wrong_words(source))}
    wording = Wording({place: source for place, source in own.items() if place not in unusable}, read_built_in())
    mistakes = tuple(dict.fromkeys([*unusable.values(), *wording.mistakes()]))
    if mistakes:
        raise WordingError(mistakes)
    return wording


def _rendered(templates: _Templates, notification: Notification, form: Format) -> str:
    kind = DIGEST if len(notification.notices) > 1 else notification.kind
    if form == "short" and not templates.has(file_name(kind, form)):
        form = "subject"
    made = _filled(templates, file_name(kind, form), notification)
    return one_line(made, SUBJECT_CHARS) if form == "subject" else made


def _filled(templates: _Templates, name: str, notification: Notification) -> str:
    facts = facts_of(notification)
    named: Mapping[str, object] = {
        "notice": facts[0],
        "notices": facts,
        "kind": notification.kind,
        "tenant": notification.tenant,
        "language": templates.language,
    }
    return templates.render(name, named).strip("\n") + "\n"


def _unreadable(templates: _Templates, names: Sequence[str]) -> Iterator[str]:
    for name in names:
        if name != WORDS:
            try:
                templates.get_template(name)
            except TemplateError as error:
                yield _told(error)


def _failing(templates: _Templates) -> Iterator[str]:
    for notification in (*map(sample, KINDS), *map(bare, KINDS), digest()):
        for form in FORMATS:
            try:
                _rendered(templates, notification, form)
            except TemplateError as error:
                yield _told(error)
        try:
            _filled(templates, f"{CONVERSATION}.txt", notification)
        except TemplateError as error:
            yield _told(error)


def _told(error: TemplateError) -> str:
    """Where it is, and what."""
    if isinstance(error, TemplateSyntaxError):
        return f"{error.filename}:{error.lineno}: {error.message}"
    if isinstance(error, TemplateNotFound):
        return f"{_place_of(error)}there is no template {error.name!r} to include or extend"
    return f"{_place_of(error)}{error.message}"


def _place_of(error: TemplateError) -> str:
    """jinja2 makes the traceback one of the templates."""
    place, step = "", (error.__cause__ or error).__traceback__
    while step is not None:
        file = step.tb_frame.f_code.co_filename
        if not file.endswith(".py"):
            place = f"{file}:{step.tb_lineno}: "
        step = step.tb_next
    return place
