"""Reading the TOML files that are installed with the package."""

from importlib.resources.abc import Traversable
from typing import TypeVar

import msgspec

Data = TypeVar("Data")


def read_data(file: Traversable, shape: type[Data]) -> Data:
    """A TOML file in the shape of a struct. Raises ValueError, which names the file and what is wrong in it."""
    try:
        return msgspec.toml.decode(file.read_bytes(), type=shape)
    except (ValueError, msgspec.MsgspecError) as error:
        raise ValueError(f"{file.name}: {error}") from error
