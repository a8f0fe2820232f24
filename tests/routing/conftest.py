"""Commands as a user runs them."""

from tests.unit.conftest import run

__all__ = ["run"]
