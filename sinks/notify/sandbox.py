"""Jinja2 with less of it: a template shows facts, and neither calls, computes, imports nor runs for long.

Whoever writes templates is trusted with what people are told, not with this process. What would need a limit of its
own at run time (calls, arithmetic on texts, macros) is not there, and is told when a template is loaded; what is left
is bounded by the number of steps of its loops and by its size.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from typing import Any, Final

from jinja2 import StrictUndefined, TemplateError, TemplateRuntimeError, TemplateSyntaxError, nodes
from jinja2.loaders import FunctionLoader
from jinja2.sandbox import SandboxedEnvironment

# A digest of fifty notices with ten messages each needs a thousand.
MAX_STEPS: Final = 10_000
MAX_CHARS: Final = 256_000
# Of jinja2's own. Not there: `safe`, which would let customers' words be HTML, and what makes much out of little.
FILTERS: Final = (
    "capitalize",
    "d",
    "default",
    "e",
    "escape",
    "first",
    "float",
    "int",
    "join",
    "last",
    "length",
    "list",
    "lower",
    "map",
    "reject",
    "rejectattr",
    "round",
    "select",
    "selectattr",
    "sort",
    "string",
    "title",
    "trim",
    "truncate",
    "unique",
    "upper",
)
_NOT_HERE: Final[Mapping[type[nodes.Node], str]] = {
    nodes.Call: "a template calls nothing",
    nodes.Macro: "a template has no macros; include a file instead",
    nodes.CallBlock: "a template calls nothing",
    nodes.Import: "a template imports nothing; include a file instead",
    nodes.FromImport: "a template imports nothing; include a file instead",
    nodes.AssignBlock: "a block of text is not assigned; include a file instead",
    nodes.ScopedEvalContextModifier: "what customers write is always escaped",
    nodes.EvalContextModifier: "what customers write is always escaped",
    nodes.Concat: "texts are not joined with ~; write them one after the other",
    nodes.Add: "a template does not compute",
    nodes.Mul: "a template does not compute",
    nodes.Pow: "a template does not compute",
    nodes.Mod: "a template does not compute",
}
# A name that no template can write.
_COUNTED: Final = "counted steps"
_steps_left: ContextVar[int] = ContextVar("steps_left")

Loader = Callable[[str], tuple[str, str, Callable[[], bool]] | None]


class Sandbox(SandboxedEnvironment):
    """Compiles and renders. What a template does not have is an error; in files that end with .html all facts are
    escaped.
    """

    def __init__(self, load: Loader, filters: Mapping[str, Callable[..., Any]]) -> None:
        super().__init__(
            loader=FunctionLoader(load),
            autoescape=lambda name: name is not None and name.endswith(".html"),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            cache_size=-1,
            auto_reload=False,
        )
        self.globals.clear()
        self.filters = {**{name: self.filters[name] for name in FILTERS}, **filters, _COUNTED: _counted}

    def render(self, name: str, facts: Mapping[str, object]) -> str:
        """A template filled in. Raises jinja2's TemplateError, for what takes too long or grows too large too."""
        before = _steps_left.set(MAX_STEPS)
        try:
            pieces, chars = [], 0
            for piece in self.get_template(name).generate(**facts):
                chars += len(piece)
                if chars > MAX_CHARS:
                    raise TemplateRuntimeError(f"makes more than {MAX_CHARS:,} characters")
                pieces.append(piece)
            return "".join(pieces)
        except TemplateError:
            raise
        except RecursionError as error:
            raise TemplateRuntimeError("includes itself") from error
        except Exception as error:
            # Other errors than TypeError may show what they could not read: customers' words.
            said = f": {error}" if isinstance(error, TypeError) else ""
            raise TemplateRuntimeError(f"{type(error).__name__}{said}") from error
        finally:
            _steps_left.reset(before)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        parsed = super()._parse(source, name, filename)
        for node in parsed.find_all(tuple(_NOT_HERE)):
            raise TemplateSyntaxError(_NOT_HERE[type(node)], node.lineno, name, filename)
        for loop in parsed.find_all(nodes.For):
            if loop.recursive:
                raise TemplateSyntaxError("a loop does not call itself", loop.lineno, name, filename)
            loop.iter = nodes.Filter(loop.iter, _COUNTED, [], [], None, None, lineno=loop.lineno)
        return parsed


def _counted(each: Iterable[object]) -> Iterator[object]:
    for one in each:
        left = _steps_left.get()
        if not left:
            raise TemplateRuntimeError(f"its loops take more than {MAX_STEPS:,} steps")
        _steps_left.set(left - 1)
        yield one
