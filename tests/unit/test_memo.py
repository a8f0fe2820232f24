"""The memory of the scorers: it answers like the function, and stays small."""

from itertools import islice, product

from streams.scoring import textblob_sentiment, vader
from streams.scoring.memo import ENTRIES, LONGEST, Memo
from tests.parity.stock import difference


def test_a_memo_asks_once_for_each_key() -> None:
    asked: list[str] = []

    def shout(key: str) -> str:
        asked.append(key)
        return key.upper()

    memo = Memo(shout)
    assert [memo[key] for key in "abab"] == ["A", "B", "A", "B"]
    assert asked == ["a", "b"]


def test_a_full_memo_starts_again() -> None:
    memo = Memo(str.upper, entries=3)
    for key in "abcdefg":
        assert memo[key] == key.upper()
        assert len(memo) <= 3


def test_long_keys_are_answered_and_not_kept() -> None:
    memo = Memo(str.upper, longest=4)
    assert memo["abcde"] == "ABCDE"
    assert not memo
    assert memo["abcd"] == "ABCD"
    assert len(memo) == 1


def test_the_scorers_keep_a_bounded_number_of_short_texts_whatever_they_read() -> None:
    words = ["".join(letters) for letters in islice(product("abcdefghijklmnop", repeat=5), ENTRIES + 100)]
    everything = " ".join(words)
    long = " ".join(word * 10 for word in words[:100])
    for text in (everything, long):
        vader.polarity_scores(text)
        textblob_sentiment.sentiment(text)
    named = [*vars(vader).values(), *vars(textblob_sentiment).values()]
    memos = [memo for memo in (getattr(value, "__self__", None) for value in named) if isinstance(memo, Memo)]
    assert len(memos) >= 2
    assert all(len(memo) <= ENTRIES for memo in memos)
    assert all(len(key) <= LONGEST for memo in memos for key in memo)
    assert difference("Not a very GOOD idea, but I love it :-)") is None
