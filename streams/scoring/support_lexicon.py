"""The words and phrases of support, as data, and where they stand in a text.

A text becomes a string of codes, one for a token, through a dictionary, and the phrases become patterns over codes.
Two codes in a row tell which phrases may begin there, mostly none, and those are one pattern.

A phrase is written as words with blanks between them:

    word          that word          one|other     either         {set}    a word of a set, or of `one|{set}`
    (word)        or not             _             any word       ...      up to three words

A comma may stand between any two words; other punctuation ends a phrase.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import resources
from importlib.resources.abc import Traversable
from itertools import accumulate
from typing import Annotated, Final, Literal, NamedTuple

import msgspec

from streams.scoring.data_file import read_data
from streams.scoring.memo import Memo

# How far before a phrase a negation reaches, in tokens.
_REACH: Final = 3
# "No delays" says less than "delays" does, the other way; "not resolved" nearly as much as "resolved".
_NEGATED_BAD: Final = -0.4
_NEGATED_GOOD: Final = -0.8

_CHUNK: Final = re.compile(r"\n|\S+")
_TOKEN: Final = re.compile(r"[^\W_]+(?:'[^\W_]+)?|[.,!?;:\n]|#(?=\w)")
FOLDER: Final[Traversable] = resources.files(__package__) / "lexicons"
NEUTRAL: Final = "neutral"
SARCASM: Final = "sarcasm"
_COMMA: Final = ","
_STOP: Final = "."
_WORD: Final = "w"
_NUMBER: Final = "0"
_ANY: Final = f"[^{_COMMA}{_STOP}]"
_MARKS: Final = {",": _COMMA, **dict.fromkeys(".!?;:\n", _STOP)}
_FIRST_CODE: Final = 0x4E00
# Among the codes that may follow: all of them.
_EVERY: Final = ""
_AROUND: Final = ".,;:!?\"'()[]*"


class Term(NamedTuple):
    """A phrase of the lexicon. `weight`: the points on the scale of 0 to 10 by which it alone moves a text from 5."""

    match: str
    weight: float
    example: str
    group: str
    rule: str
    fixed: bool  # a negation before it means nothing: it has its own
    hidden: bool  # VADER and TextBlob do not see it


class Hit(msgspec.Struct, frozen=True, gc=False):
    """A term in a text. `weight` has the negation in it; `first` and `last` are codes from 0."""

    term: Term
    weight: float
    negated: bool
    first: int
    last: int


# Where something stands in a text: from where up to where, and in which chunks first and last.
Place = tuple[int, int, int, int]


class Tokens(msgspec.Struct, frozen=True, gc=False):
    """A text between its blanks: the chunks, line ends among them, the codes of each, and all codes in one."""

    chunks: Sequence[str]
    parts: Sequence[str]
    codes: str

    def places(self, text: str, hits: Sequence[Hit]) -> list[Place]:
        """Where hits stand in the text, without the punctuation around them."""
        if not hits:
            return []
        chunks = self.chunks
        ends_of_codes = list(accumulate(map(len, self.parts)))
        ends = self._ends_in(text)
        places: list[Place] = []
        for hit in hits:
            first = bisect_right(ends_of_codes, hit.first)
            last = bisect_right(ends_of_codes, hit.last, first) if hit.last > hit.first else first
            closing = chunks[last]
            start = ends[first] + first - len(chunks[first].lstrip(_AROUND))
            end = ends[last] + last - len(closing) + len(closing.rstrip(_AROUND))
            places.append((start, end if end > start else start, first, last))
        return places

    def _ends_in(self, text: str) -> list[int]:
        """Where each chunk ends, less its number."""
        # Mostly there is one blank between two: then the lengths tell. At a line's end there is none, which two blanks
        # elsewhere would make up for.
        ends = list(accumulate(map(len, self.chunks)))
        if ends[-1] + len(ends) - 1 == len(text) and "\n" not in text:
            return ends
        end = 0
        for number, chunk in enumerate(self.chunks):
            end = text.index(chunk, end) + len(chunk)
            ends[number] = end - number
        return ends


def before(chunk: str) -> str:
    """The punctuation before the words of a chunk."""
    return chunk[: len(chunk) - len(chunk.lstrip(_AROUND))]


def behind(chunk: str) -> str:
    """The punctuation behind them."""
    return chunk[len(chunk.rstrip(_AROUND)) :]


class Lexicon:
    """Terms by what they can begin with. Immutable; threads may share it. `vocabulary`: the words in lower case.

    Raises ValueError for a phrase that is not written as it must be.
    """

    def __init__(self, terms: Iterable[Term], sets: Mapping[str, Sequence[str]]) -> None:
        self.terms = tuple(terms)
        self._sets = {name: frozenset(words) for name, words in sets.items()}
        self._words: dict[str, str] = {}
        self._codes_of = Memo(self.codes_of).__getitem__
        negations = frozenset(self._codes_of_atom("{negation}"))
        barriers = "".join(sorted(self._codes_of_atom("{barrier}")))
        negation = re.compile(f"[{''.join(sorted(negations))}](?![^{_STOP}]*[{barriers}{_COMMA}])[^{_STOP}{_COMMA}]*$")
        self._negates = Memo(lambda codes: negation.search(codes) is not None).__getitem__
        by_first: dict[str, list[_Compiled]] = {}
        for term in self.terms:
            compiled = self._compiled(term)
            if compiled.first <= negations:
                compiled = compiled._replace(term=term._replace(fixed=True))
            for code in compiled.first:
                by_first.setdefault(code, []).append(compiled)
        self.vocabulary = frozenset(self._words)
        self._by_first = {code: sorted(found, key=_rank) for code, found in by_first.items()}
        self._patterns: dict[tuple[int, ...], _Candidates | None] = {}
        self._candidates = Memo(self._candidates_of).__getitem__

    def tokens_of(self, text: str) -> Tokens:
        """The tokens of a text with straight apostrophes."""
        chunks = _CHUNK.findall(text)
        parts = list(map(self._codes_of, chunks))
        return Tokens(chunks, parts, "".join(parts))

    def codes_of(self, chunk: str) -> str:
        """The codes of the words and marks in what stands between two blanks, or in a line's end."""
        return "".join(map(self._code, _TOKEN.findall(chunk.lower()))) or ("" if chunk.strip() else _STOP)

    def hits(self, codes: str) -> list[Hit]:
        """The terms in a text, from left to right; the longest where several begin, and none across another.

        A complaint that begins within a milder one takes its place: in "it is still not working", "still not working"
        that of "it ... not working".
        """
        hits: list[Hit] = []
        end = 0
        weight = 0.0
        for place, candidates in enumerate(map(self._candidates, _pairs(codes))):
            if candidates is None:
                continue
            within = place < end
            if within and (candidates := candidates.worse_than(weight)) is None:
                continue
            found = candidates.match(codes, place)
            if found is None or found.lastindex is None:
                continue
            if within:
                hits.pop()
            term, end = candidates.terms[found.lastindex - 1], found.end()
            weight = term.weight
            negated = not term.fixed and self._negates(codes[max(0, place - _REACH) : place])
            factor = 1.0 if not negated else _NEGATED_BAD if weight < 0 else _NEGATED_GOOD
            hits.append(Hit(term, weight * factor, negated, place, end - 1))
        return hits

    def _candidates_of(self, pair: str) -> "_Candidates | None":
        """The terms that may begin with a code and go on with the next."""
        second = pair[1:]
        anything = second == _COMMA
        ranked = tuple(
            compiled
            for compiled in self._by_first.get(pair[0], ())
            if anything or second in compiled.seconds or _EVERY in compiled.seconds
        )
        # Many pairs share a pattern.
        return self._patterns.setdefault(tuple(map(id, ranked)), _candidates(ranked)) if ranked else None

    def _code(self, word: str) -> str:
        return _MARKS.get(word) or self._words.get(word) or (_NUMBER if word[0].isdigit() else _WORD)

    def _code_for(self, word: str) -> str:
        return self._words.setdefault(word, chr(_FIRST_CODE + len(self._words)))

    def _codes_of_atom(self, atom: str) -> set[str]:
        """The codes of `one|{set}`; ValueError for a set that there is not."""
        codes: set[str] = set()
        for part in atom.split("|"):
            if part == "{number}":
                codes.add(_NUMBER)
            if part.startswith("{") and part[1:-1] not in self._sets:
                raise ValueError(f"the lexicon has no set {part}")
            words = self._sets[part[1:-1]] if part.startswith("{") else (part,)
            codes.update(map(self._code_for, words))
        return codes

    def _compiled(self, term: Term) -> "_Compiled":
        if not term.match or term.match[0] in "(.":
            raise ValueError(f"{term.group}: {term.match!r} must begin with a word that is not optional")
        atoms = term.match.split()
        first = self._codes_of_atom(atoms[0])
        pattern, length, seconds = f"[{''.join(sorted(first))}]", 1, set[str]()
        only_optional = True
        for atom in atoms[1:]:
            if atom == "...":
                pattern += f"(?:{_COMMA}?{_ANY}){{0,3}}?"
                seconds, only_optional = {_EVERY}, False
                continue
            optional = atom.startswith("(")
            codes = {_EVERY} if atom == "_" else self._codes_of_atom(atom.strip("()"))
            one = _ANY if atom == "_" else f"[{''.join(sorted(codes))}]"
            pattern += f"(?:{_COMMA}?{one})" + ("?" if optional else "")
            if only_optional:
                seconds |= codes
            only_optional = only_optional and optional
            length += not optional
        return _Compiled(frozenset(first), pattern, length, frozenset({_EVERY} if only_optional else seconds), term)


class _Compiled(NamedTuple):
    """A term's pattern, the codes that it may begin with and go on with, and how many words it must have."""

    first: frozenset[str]
    pattern: str
    length: int
    seconds: frozenset[str]
    term: Term


class _Candidates:
    """Terms as one pattern, a group for each, of which the first that matches is the one to take."""

    def __init__(self, ranked: Sequence[_Compiled]) -> None:
        self.terms = [compiled.term for compiled in ranked]
        self.match = re.compile("|".join(f"({compiled.pattern})" for compiled in ranked)).match
        self._ranked = ranked
        self._worse: dict[float, _Candidates | None] = {}

    def worse_than(self, weight: float) -> "_Candidates | None":
        """Those with a lower weight, if the weight is that of a complaint."""
        if weight >= 0:
            return None
        if weight not in self._worse:
            self._worse[weight] = _candidates([each for each in self._ranked if each.term.weight < weight])
        return self._worse[weight]


def _pairs(codes: str) -> Iterator[str]:
    """Each code with the one behind it, which is a stop behind the last."""
    places = _PAIRS if len(codes) <= len(_PAIRS) else [slice(place, place + 2) for place in range(len(codes))]
    return map(f"{codes}{_STOP}".__getitem__, places[: len(codes)])


# To cut a text at given places is twice as fast as to put its characters together.
_PAIRS: Final = [slice(place, place + 2) for place in range(500)]


def _candidates(ranked: Sequence[_Compiled]) -> _Candidates | None:
    return _Candidates(ranked) if ranked else None


def _rank(compiled: _Compiled) -> tuple[int, float]:
    return -compiled.length, -abs(compiled.term.weight)


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    match: str
    weight: Annotated[float, msgspec.Meta(gt=-5, lt=5)]
    example: str
    fixed: bool = False
    hidden: bool = False


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    rule: Literal["lexicon", "neutral", "sarcasm"] = "lexicon"
    sets: Mapping[str, Sequence[str]] = {}
    terms: Sequence[_Entry] = ()


def read_lexicon(folder: Traversable | None = None) -> Lexicon:
    """The lexicon in the TOML files of a folder, by default those that are installed with the package.

    Raises ValueError, which names the file and what is wrong in it.
    """
    terms: list[Term] = []
    sets: dict[str, Sequence[str]] = {}
    for path in sorted((folder or FOLDER).iterdir(), key=lambda path: path.name):
        if path.name.endswith(".toml"):
            file = read_data(path, _File)
            sets |= file.sets
            group = path.name.removesuffix(".toml")
            terms += [_term(entry, group, file.rule) for entry in file.terms]
    return Lexicon(terms, sets)


def _term(entry: _Entry, group: str, rule: str) -> Term:
    hidden = rule == NEUTRAL or entry.hidden
    return Term(entry.match, entry.weight, entry.example, group, rule, entry.fixed, hidden)
