"""Texts at which a scorer can go wrong: written down, and drawn by hypothesis from what the rules look at."""

import ast
import string
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from textblob._text import ABBREVIATIONS, EMOTICONS, EOS
from textblob.en import sentiment as textblob_lexicon
from vaderSentiment import vaderSentiment
from vaderSentiment.vaderSentiment import BOOSTER_DICT, NEGATE, SPECIAL_CASES, SentimentIntensityAnalyzer

from tests.parity.texts import texts_of

_DATA: Final = Path(__file__).parents[1] / "data"
SAMPLE: Final = [*texts_of(_DATA / "banking77.csv"), *texts_of(_DATA / "complaints.jsonl")]

SMILEYS: Final = sorted(smiley for smileys in EMOTICONS.values() for smiley in smileys)
_ANALYZER: Final = SentimentIntensityAnalyzer()
EMOJI: Final = sorted(_ANALYZER.emojis)
_PHRASES: Final = sorted({*SPECIAL_CASES, *(booster for booster in BOOSTER_DICT if " " in booster)})
# What rules ask for by name, and what they must not take for it.
_NAMED: Final = str.split(
    "no or nor never so this without doubt least at very kind of but BUT But not n't don't isn't can't cannot NOT VERY "
    "really hardly the I a is it very, no. but, Mr. e.g. U.S. Tb. etc. T||. T|. foo two box 18 8 x o XD ok okay"
)
# Cases that grow when they change, letters without case, digits of other scripts, marks that combine or show nothing.
UNUSUAL: Final = (
    *(
        "İ",
        "ı",
        "ß",
        "ẞ",
        "ΑΣ",
        "ΌΧΙ",
        "ς",
        "ǅ",
        "ŉ",
        "ﬁne",
        "e\u0301",
        "good\u0301",
        "go\u200bod",
        "\u200dgood",
        "\ufeff",
    ),
    *(
        "\u00adgood",
        "ＧＯＯＤ",
        "𝐠𝐨𝐨𝐝",
        "好",
        "٣",
        "²",
        "Ⅷ",
        "\x00",
        "\x1f",
        "©",
        "®",
        "™",
        "\ufe0f",
        "🇩🇪",
        "👍🏽",
        "👩‍💻",
        "1️⃣",
    ),
)
_BLANKS: Final = (*[" "] * 20, "  ", "\n", "\n\n", "\r\n\r\n", "\t", "\u00a0", "\u2003", "\u2028", "\x1c", "\x85", "")
_MARKS: Final = ("!", ".", ",", "?", "...", "....", "..", ".,", ")", "!)", ":", "'s", "n't", "|.", "'", '"', "”", "’")


def each(texts: str) -> list[str]:
    """The texts of a line, which a dot between blanks parts."""
    return texts.split(" · ")


def demonstrations() -> list[str]:
    """The sentences that vaderSentiment shows its rules on, out of the installed file: it has no other tests."""
    tree = ast.parse(Path(vaderSentiment.__file__).read_text("utf-8"))
    lists = [node.value for node in ast.walk(tree) if isinstance(node, ast.Assign) and isinstance(node.value, ast.List)]
    texts = [item.value for node in lists for item in node.elts if isinstance(item, ast.Constant)]
    return [text for text in texts if isinstance(text, str) and " " in text]


def _changed(word: str, change: str) -> str:
    return {"upper": word.upper(), "title": word.capitalize(), "swap": word.swapcase()}.get(change, word)


def _texts_of(words: SearchStrategy[str], blanks: Sequence[str]) -> SearchStrategy[str]:
    return st.lists(st.tuples(words, st.sampled_from(blanks)), max_size=25).map(
        lambda parts: "".join(word + blank for word, blank in parts)
    )


_LISTED = st.one_of(
    st.sampled_from(sorted(_ANALYZER.lexicon)),
    st.sampled_from(sorted(textblob_lexicon.keys())),
    st.sampled_from([*BOOSTER_DICT, *NEGATE]),
    st.sampled_from(_PHRASES),
    st.sampled_from(_NAMED),
    st.sampled_from(_NAMED),
)
_WORDS = st.builds(
    lambda before, word, change, after: before + _changed(word, change) + after,
    st.sampled_from(("", "", "", "", "(", "'", '"', "“", "*", "-", ".")),
    st.one_of(
        _LISTED,
        _LISTED,
        st.sampled_from([*SMILEYS, *ABBREVIATIONS, EOS]),
        st.sampled_from(EMOJI),
        st.sampled_from(UNUSUAL),
        st.text(string.punctuation, max_size=5),
    ),
    st.sampled_from(("", "", "", "upper", "title", "swap")),
    st.one_of(st.just(""), st.sampled_from(_MARKS)),
)

#: Words of both lexicons among everything that changes what they are worth.
LOADED_TEXTS: Final = _texts_of(_WORDS, _BLANKS)
#: Smileys whole, in pieces and beside each other, ends of sentences between them.
SMILEY_TEXTS: Final = _texts_of(
    st.one_of(
        st.sampled_from(SMILEYS),
        st.sampled_from(SMILEYS).map(" ".join),
        st.sampled_from(["!", ".", "...", "?", ")", "”", "’", "( ! )", "(!", "o.", "U.S.", "18", "box", "good", EOS]),
        st.text("".join(sorted(set("".join(SMILEYS)))), max_size=3),
    ),
    _BLANKS,
)
ANY_TEXTS: Final = st.text(st.characters(exclude_categories=["Cs"]))
