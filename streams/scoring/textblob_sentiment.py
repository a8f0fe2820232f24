"""TextBlob's polarity and subjectivity, equal to the last bit to those of textblob 0.20.1, many times as fast.

The stock analyzer passes some eighty patterns over each text, splits and joins it, and walks through its tokens. Here
a text becomes a string of codes, one for a token, through a dictionary; a pattern cuts it into the runs of tokens that
can act on each other; and what such a run says is looked up in a second dictionary. Both are bounded.

The figures are averages that the stock analyzer adds up in a loop, so they do not depend on the `sum()` of the Python
that runs it. The scores in its lexicon do: they are averages too, taken with `sum()`, which is compensated from Python
3.12 on. They are taken over as the package computes them, so the figures are the stock analyzer's on the same Python.
"""

import re
from collections.abc import Sequence
from itertools import chain, pairwise
from typing import Final

from streams.scoring.memo import Memo
from streams.scoring.textblob_rules import Assessment, Run, assess
from streams.scoring.textblob_tokens import SENTENCE_END, has_last_piece, join_smileys, may_end_smiley, tokens_of
from streams.scoring.textblob_words import OTHER, WORDS, code_of


def sentiment(text: str) -> tuple[float, float]:
    """Polarity from -1 to 1 and subjectivity from 0 to 1; 0.0 and 0.0 if nothing in the text has a score."""
    chunks = text.split()
    return sentiment_of(text, chunks, list(map(_codes_of_chunk, chunks)))


def sentiment_of(text: str, chunks: Sequence[str], parts: Sequence[str]) -> tuple[float, float]:
    """The same for who has what stands between the text's blanks, and what `codes_of` says of each."""
    runs = list(map(_run, _RUN.findall(_codes(text, chunks, parts))))
    if not runs:
        return 0.0, 0.0
    figures = runs[0].figures if len(runs) == 1 else _figures(runs)
    polarity = subjectivity = 0.0
    for signed, subjective in figures:
        polarity += signed
        subjectivity += subjective
    count = len(figures) or 1
    return polarity / count, subjectivity / count


def _figures(runs: Sequence[Run]) -> Sequence[tuple[float, float]]:
    """Those of all runs, with the exclamation marks of each for the one before it."""
    if not any(run.exclamations for run in runs):
        return [figures for run in runs for figures in run.figures]
    assessments: list[Assessment] = []
    for run in runs:
        if assessments:
            for _ in range(run.exclamations):
                assessments[-1] = assessments[-1].exclaimed()
        assessments += run.assessments
    return [(each.signed, each.subjectivity) for each in assessments]


def _codes(text: str, chunks: Sequence[str], parts: Sequence[str]) -> str:
    """One code for each token."""
    codes = "".join(parts)
    if _SMILEY in codes or (_PIECE in codes and _has_smiley_across(chunks, parts)):
        tokens = list(chain.from_iterable(map(_tokens, _with_sentence_ends(text))))
        return "".join(map(_code_of_token, join_smileys(tokens)))
    return codes.replace(_PIECE, "")


def codes_of(chunk: str) -> str:
    """The codes of the tokens between two blanks, behind a mark if a smiley may be in pieces there."""
    tokens = tokens_of(chunk)
    codes = "".join(map(code_of, tokens))
    return _mark(tokens) + codes if has_last_piece(tokens) or SENTENCE_END in tokens else codes


def _mark(tokens: Sequence[str]) -> str:
    if SENTENCE_END in tokens or any(may_end_smiley(token, before[-1]) for before, token in pairwise(tokens)):
        return _SMILEY
    return _PIECE if has_last_piece(tokens[:1]) else ""


def _has_smiley_across(chunks: Sequence[str], parts: Sequence[str]) -> bool:
    """Whether a smiley may begin in one chunk and end in the next."""
    pieces = [number for number, part in enumerate(parts) if part[0] == _PIECE]
    return any(number and may_end_smiley(_tokens(chunks[number])[0], chunks[number - 1][-1]) for number in pieces)


def _with_sentence_ends(text: str) -> list[str]:
    """The chunks of a text in which the blank lines show."""
    text = text.replace("\r\n", "\n")
    return (_BLANK_LINES.sub(f" {SENTENCE_END} ", text) if "\n\n" in text else text).split()


def _run_of(codes: str) -> Run:
    return assess(map(WORDS.__getitem__, codes))


# Before the codes of a chunk that may hold a whole smiley, or the last piece of one.
_SMILEY: Final = "!"
_PIECE: Final = ")"
_BLANK_LINES: Final = re.compile("\n{2,}")
_ACTING: Final = "".join(code for code, word in WORDS.items() if word.acts_alone)
_RUN: Final = re.compile(f"[{_ACTING}][^{OTHER}]*")
_codes_of_chunk = Memo(codes_of).__getitem__
_code_of_token = Memo(code_of).__getitem__
_tokens = Memo(tokens_of).__getitem__
_run = Memo(_run_of).__getitem__
