"""Lists of words and phrases, as data in `lists/*.toml`."""

from importlib import resources

import msgspec

from streams.scoring.data_file import Data, read_data


class WordList(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One list, with an example in which a phrase must be found and one in which none must.

    `entries` count fully and `weak` half; `exceptions` are phrases in which none of them counts. With `negatable`, a
    phrase does not count behind a negation. Each is a pattern of words: `a|b` is either, `(a|b)` either or none. A
    form is listed, never guessed, but for contractions: "don't" is also "dont" and "do not".
    """

    name: str
    hit: str
    miss: str
    entries: tuple[str, ...] = ()
    weak: tuple[str, ...] = ()
    exceptions: tuple[str, ...] = ()
    negatable: bool = False


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    list: tuple[WordList, ...]


def read_lists(*files: str) -> list[WordList]:
    """The lists of `lists/<file>.toml`, each named `<file>.<name>`.

    Raises ValueError, which names the file and what is wrong in it.
    """
    return [
        msgspec.structs.replace(each, name=f"{file}.{each.name}")
        for file in files
        for each in read_list_file(file, _File).list
    ]


def read_list_file(file: str, shape: type[Data]) -> Data:
    """What `lists/<file>.toml` holds, in the shape of a struct. Raises ValueError, as `read_lists` does."""
    return read_data(resources.files(__package__) / "lists" / f"{file}.toml", shape)
