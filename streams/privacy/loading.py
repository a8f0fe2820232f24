"""What the settings say of personal data: the rules of a folder, and the keys."""

from pathlib import Path

from pydantic import SecretStr

from schemas.toml_files import FileError, Mistake
from streams.privacy.in_flow import Redaction
from streams.privacy.keys import NO_KEYS, Keys, parse_keys
from streams.privacy.policy import FILE, read_privacy


def load_keys(keys: SecretStr | None) -> Keys:
    """The keys of the settings, which have been checked."""
    return NO_KEYS if keys is None else parse_keys(keys.get_secret_value())


def load_redaction(folder: Path | None, keys: SecretStr | None) -> Redaction:
    """What is done with personal data. Raises FileError, also where a key is missing."""
    book = read_privacy(folder)
    try:
        return Redaction(book, load_keys(keys))
    except ValueError as error:
        raise FileError([Mistake(str((folder or Path()) / FILE), None, "", str(error))]) from None
