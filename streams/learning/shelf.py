"""A folder of models: `<kind>-<version>.model`, each signed and never changed, and `in-force.toml` beside them."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from streams.learning.card import BadCard, Kind, ModelCard, decode_card, encode_card
from streams.learning.in_force import InForce, read_in_force, write_in_force

if TYPE_CHECKING:
    from streams.learning.signed import Array

_SUFFIX = ".model"


class Kept(NamedTuple):
    """A model as it stands in its file: what is said of it, its arrays, and its signature."""

    card: ModelCard
    arrays: "Mapping[str, Array]"
    digest: str


class Shelf:
    """The models of a folder, signed with `key`. Which of them do what can be read without the extra `ml`; the models
    themselves cannot, and raise ImportError.
    """

    def __init__(self, folder: Path, key: bytes) -> None:
        self.folder = folder
        self._key = key

    def file(self, kind: Kind, version: str) -> Path:
        """Where a model is kept."""
        return self.folder / f"{kind}-{version}{_SUFFIX}"

    def files(self) -> list[Path]:
        """The files of all models, the oldest of each kind first."""
        return sorted(self.folder.glob(f"*{_SUFFIX}"))

    def load(self, kind: Kind, version: str) -> Kept:
        """A model. Raises BadModel, which names the file."""
        return self.read(self.file(kind, version))

    def read(self, file: Path) -> Kept:
        """The model of a file, under its own name. Raises BadModel."""
        from streams.learning.signed import BadModel, read_signed  # noqa: PLC0415

        head, arrays, digest = read_signed(file, self._key)
        try:
            card = decode_card(head)
        except BadCard as error:
            raise BadModel(f"{file}: {error}") from None
        # Signed, but under another's name: a model that was put in the place of another.
        if file.name != self.file(card.kind, card.version).name:
            raise BadModel(f"{file}: it holds {card.kind} {card.version}; give it its own name back")
        return Kept(card, arrays, digest)

    def keep(self, card: ModelCard, arrays: "Mapping[str, Array]") -> Path:
        """Write a model, whole or not at all. Raises FileExistsError rather than change one, and OSError."""
        from streams.learning.signed import write_signed  # noqa: PLC0415

        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.file(card.kind, card.version)
        if file.exists():
            raise FileExistsError(17, "there is a model of this version", str(file))
        write_signed(file, encode_card(card), arrays, self._key)
        return file

    def in_force(self) -> InForce:
        """Which models do what. Raises FileError."""
        return read_in_force(self.folder)

    def write_in_force(self, in_force: InForce) -> None:
        """Let these models do it from now on; whoever follows the folder takes them over. Raises OSError."""
        write_in_force(self.folder, in_force)
