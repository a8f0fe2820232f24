"""Patterns of words as one automaton, which reads a text word by word.

Each pattern is a chain of choices. All chains together are made deterministic once (the subset construction), so that
a step is one look-up in a dictionary, however many patterns there are.
"""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from streams.scoring.words import words_of

LONGEST: Final = 24


class Leaf(NamedTuple):
    """What it means that a pattern ends: `weight` is 0 for an exception."""

    list: str
    weight: float
    negatable: bool


class Node:
    """Where the automaton may stand: the leaves of the patterns that end here, and the next node for each word."""

    __slots__ = ("leaves", "next")

    def __init__(self) -> None:
        self.leaves: tuple[Leaf, ...] = ()
        self.next: dict[str, Node] = {}


class _State:
    """A place within one pattern."""

    __slots__ = ("edges", "leaf")

    def __init__(self, leaf: Leaf | None = None) -> None:
        self.edges: dict[str, set[_State]] = {}
        self.leaf = leaf


def automaton(patterns: Iterable[tuple[str, Leaf]]) -> Node:
    """The node before the first word. Raises ValueError for a pattern without words or with more than 24."""
    return _deterministic(set().union(*(_chain(pattern, leaf) for pattern, leaf in patterns)))


def _chain(pattern: str, leaf: Leaf) -> set[_State]:
    """The states in which one pattern begins."""
    parts = pattern.split()
    if not 0 < len(parts) <= LONGEST or all(part.startswith("(") for part in parts):
        raise ValueError(f"a pattern has 1 to {LONGEST} words, and one that must be there: {pattern!r}")
    follow = {_State(leaf)}
    for part in reversed(parts):
        optional = part.startswith("(")
        state = _State()
        for form in _forms(part.strip("()").split("|")):
            _lead(state, words_of(form), follow)
        follow = {state, *follow} if optional else {state}
    return follow


def _lead(state: _State, words: list[str], follow: set[_State]) -> None:
    for word in words[:-1]:
        between = _State()
        state.edges.setdefault(word, set()).add(between)
        state = between
    state.edges.setdefault(words[-1], set()).update(follow)


def _deterministic(start: set[_State]) -> Node:
    root = Node()
    nodes: dict[frozenset[_State], Node] = {frozenset(start): root}
    waiting = list(nodes.items())
    while waiting:
        states, node = waiting.pop()
        node.leaves = _leaves(state.leaf for state in states if state.leaf)
        together: dict[str, set[_State]] = {}
        for state in states:
            for word, follow in state.edges.items():
                together.setdefault(word, set()).update(follow)
        for word, reached in together.items():
            key = frozenset(reached)
            if key not in nodes:
                nodes[key] = Node()
                waiting.append((key, nodes[key]))
            node.next[word] = nodes[key]
    return root


def _leaves(leaves: Iterable[Leaf]) -> tuple[Leaf, ...]:
    """One for each list: an exception before all others, then the one with the most weight."""
    best: dict[str, Leaf] = {}
    for leaf in leaves:
        known = best.get(leaf.list)
        if known is None or leaf.weight == 0 or (known.weight and leaf.weight > known.weight):
            best[leaf.list] = leaf
    return tuple(best[name] for name in sorted(best))


def _forms(words: list[str]) -> Iterator[str]:
    """The words, and the other ways to write those that are contractions."""
    for word in words:
        yield word
        if word in _CONTRACTIONS:
            yield from _CONTRACTIONS[word]
        elif word.endswith("n't"):
            yield word.replace("'", "")
            yield f"{word[:-3]} not"


_CONTRACTIONS: Final = {
    "can't": ("cant", "cannot", "can not"),
    "won't": ("wont", "will not"),
    "i'm": ("im", "i am"),
    "i've": ("ive", "i have"),
    "i'd": ("id", "i would"),
    "it's": ("its", "it is"),
    "we're": ("we are",),
    "we've": ("weve", "we have"),
    "you've": ("youve", "you have"),
    "that's": ("thats", "that is"),
    "what's": ("whats", "what is"),
    "where's": ("wheres", "where is"),
}
