"""Drafts as files: a head that says for which tickets, and a Jinja text that names their facts."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

from jinja2 import TemplateError, TemplateSyntaxError, nodes
from jinja2.meta import find_undeclared_variables
from pydantic import Field, StringConstraints

from schemas.readings import Urgency
from schemas.scored import Label
from schemas.toml_files import Mistake
from sinks.notify.phrasing import Phrasing
from sinks.notify.sandbox import Sandbox
from sinks.notify.template_files import WORDS, Place, look_up, read_built_in
from sinks.suggestions.articles import Category, Language, TenantOrAll
from sinks.suggestions.reply_facts import NAMES, SAMPLES, ReplyFacts
from sinks.suggestions.written_files import Head, Written, read_written

SUFFIX: Final = ".txt"
PRESETS: Final = Path(__file__).parent / "presets"
MAX_DRAFT: Final = 10_000

Title = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]


class ReplyHead(Head):
    """For which tickets a draft is; an empty list holds for all. `labels` are those of the customer's newest words."""

    title: Title = ""
    language: Language = "en"
    tenant: TenantOrAll = ""
    categories: tuple[Category, ...] = Field((), max_length=50)
    labels: tuple[Label, ...] = ()
    urgencies: tuple[Urgency, ...] = ()


class ReplyTemplate:
    """A draft that can be filled in. `name` is its file's; of one that comes with ticketpulse it begins with
    `preset/`.
    """

    def __init__(self, name: str, written: Written[ReplyHead], phrasing: Phrasing) -> None:
        self.name = name
        self.head = written.head
        self.path = written.path
        # Lines are counted as in the file.
        source = "\n" * (written.line - 1) + written.text
        self._sandbox = Sandbox(
            lambda asked: (source, written.path, _same) if asked == name else None, phrasing.filters
        )
        self._source = source

    def filled(self, facts: ReplyFacts) -> str:
        """The draft for a ticket. Raises jinja2's TemplateError."""
        return self._sandbox.render(self.name, facts.named()).strip()[:MAX_DRAFT]

    def mistakes(self) -> Iterator[Mistake]:
        """What is wrong in it: each name that no ticket has with its line, and what fails on samples."""
        try:
            parsed = self._sandbox.parse(self._source, self.name, self.path)
            unknown = list(_unknown(parsed))
            yield from (Mistake(self.path, line, "", said) for line, said in unknown)
            # Each of them is tried, whatever the first says.
            said = [self.filled(facts) for facts in SAMPLES] if not unknown else []
            if said and not any(said):
                yield Mistake(self.path, None, "", "it says nothing")
        except TemplateSyntaxError as error:
            yield Mistake(self.path, error.lineno, "", error.message or "no template")
        except TemplateError as error:
            yield Mistake(self.path, _line_of(error, self.path), "", error.message or "it cannot be filled in")


def read_replies(folder: Path | None) -> tuple[list[ReplyTemplate], list[Mistake]]:
    """The drafts of a folder, and those that come with ticketpulse; and what is wrong in the folder. Raises OSError
    when it cannot be read.
    """
    built_in = read_built_in()
    presets, wrong = read_written(PRESETS, SUFFIX, ReplyHead)
    own: list[Written[ReplyHead]] = []
    if folder is not None:
        own, wrong = read_written(folder, SUFFIX, ReplyHead)
    phrasings: dict[str, Phrasing] = {}
    templates = []
    for prefix, group in (("", own), ("preset/", presets)):
        for written in group:
            language = written.head.language
            if language not in phrasings:
                phrasings[language] = Phrasing(look_up((built_in,), Place("", language, WORDS)))
            templates.append(ReplyTemplate(f"{prefix}{written.name}", written, phrasings[language]))
    bad = {template.name: list(template.mistakes()) for template in templates}
    wrong += [mistake for found in bad.values() for mistake in found]
    return [template for template in templates if not bad[template.name]], wrong


def _unknown(parsed: nodes.Template) -> Iterator[tuple[int, str]]:
    for node in parsed.find_all((nodes.Include, nodes.Extends, nodes.Block)):
        yield node.lineno, "a draft stands alone: it includes and extends nothing"
    unknown = find_undeclared_variables(parsed) - NAMES
    seen: set[str] = set()
    for each in parsed.find_all(nodes.Name):
        if each.name in unknown and each.name not in seen:
            seen.add(each.name)
            yield each.lineno, f"a ticket has no {each.name!r}; it has: {', '.join(sorted(NAMES))}"


def _line_of(error: TemplateError, path: str) -> int | None:
    """jinja2 makes the traceback one of the templates."""
    line, step = None, (error.__cause__ or error).__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_filename == path:
            line = step.tb_lineno
        step = step.tb_next
    return line


def _same() -> bool:
    return True


def ties(templates: Sequence[ReplyTemplate]) -> Iterator[tuple[ReplyTemplate, ReplyTemplate]]:
    """Pairs of which neither says more than the other and that some ticket fits both. One's own and one that comes with
    ticketpulse are no such pair: the own one is taken.
    """
    for place, one in enumerate(templates):
        for other in templates[place + 1 :]:
            if _is_preset(one) == _is_preset(other) and _meet(one.head, other.head):
                yield one, other


def _is_preset(template: ReplyTemplate) -> bool:
    return template.name.startswith("preset/")


def _meet(one: ReplyHead, other: ReplyHead) -> bool:
    def both(name: str) -> bool:
        mine: Any = getattr(one, name)
        theirs: Any = getattr(other, name)
        return bool(mine) == bool(theirs) and (not mine or not set(mine).isdisjoint(theirs))

    return (one.language, one.tenant) == (other.language, other.tenant) and all(
        map(both, ("categories", "labels", "urgencies"))
    )
