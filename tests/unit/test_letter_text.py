"""What `dlq show` writes to a terminal is read, never obeyed; to a file it is the record, byte for byte."""

import pytest

from streams.commands.letter_text import visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2Jgone", "\\x1b[2Jgone"),
        ("bell\x07 and \x9b31m", "bell\\x07 and \\x9b31m"),
        ("back\x08 return\r", "back\\x08 return\\x0d"),
        ("gnp.exe\u202e", "gnp.exe\\x202e"),
        ("a line\n\tand a tab, ümläute 日本", "a line\n\tand a tab, ümläute 日本"),
    ],
    ids=["clears the screen", "C1", "overwrites", "turned around", "plain"],
)
def test_what_a_terminal_would_obey_is_shown(text: str, shown: str) -> None:
    assert visible(text) == shown
