"""Model files: what is read is what was written with the same key, or a message that says what is wrong."""

from pathlib import Path

import numpy as np
import pytest

from streams.learning.signed import MAGIC, BadModel, read_signed, write_signed

KEY = b"a key of some length"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "mood-1.model"


def _written(path: Path) -> bytes:
    write_signed(
        path, b'{"kind":"mood"}', {"weights": np.arange(6.0).reshape(2, 3), "words": np.array(["ä", "b"])}, KEY
    )
    return path.read_bytes()


def test_what_was_written_is_read(path: Path) -> None:
    _written(path)
    read = read_signed(path, KEY)
    assert read.head == b'{"kind":"mood"}'
    assert read.arrays["weights"].tolist() == [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]
    assert read.arrays["words"].tolist() == ["ä", "b"]
    assert sorted(read.arrays) == ["weights", "words"]


def test_any_changed_byte_is_found(path: Path) -> None:
    raw = _written(path)
    for place in range(len(raw)):
        path.write_bytes(raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :])
        with pytest.raises(BadModel, match=r"mood-1\.model"):
            read_signed(path, KEY)


@pytest.mark.parametrize("kept", [0, 5, len(MAGIC), len(MAGIC) + 30, -1])
def test_a_file_that_was_cut_is_found(path: Path, kept: int) -> None:
    path.write_bytes(_written(path)[:kept])
    with pytest.raises(BadModel):
        read_signed(path, KEY)


def test_another_key_is_told(path: Path) -> None:
    _written(path)
    with pytest.raises(BadModel, match="TICKETPULSE_MODEL_KEY"):
        read_signed(path, b"another key of some length")


def test_a_file_that_is_not_there_is_told(path: Path) -> None:
    with pytest.raises(BadModel, match="No such file"):
        read_signed(path, KEY)


def test_objects_are_not_written(path: Path) -> None:
    with pytest.raises(ValueError, match="words"):
        write_signed(path, b"{}", {"words": np.array([{}], dtype=object)}, KEY)
    assert list(path.parent.iterdir()) == []


def test_a_short_key_is_refused(path: Path) -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        write_signed(path, b"{}", {}, b"short")
