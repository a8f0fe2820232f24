"""Settings, from streams/config.py."""

import json
from pathlib import Path
from typing import Any

from pydantic import AliasChoices, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from deploy.docs.generate.markdown import code, page, table
from streams.config import Settings

INTRO = """
    Every setting is a variable of the environment; lists are written as JSON. A value that cannot be is refused at the
    start, with the name of its variable.
"""


def variables() -> dict[str, FieldInfo]:
    """Each setting by the name of its variable."""
    return {_variable(name, field): field for name, field in Settings.model_fields.items()}


def settings_page() -> str:
    """All of them in the order of the code, which is by subject."""
    rows = [[code(name), code(_default(field)), _meaning(field)] for name, field in variables().items()]
    return page("Settings", INTRO, table(["variable", "default", "meaning"], rows))


def _variable(name: str, field: FieldInfo) -> str:
    alias = field.validation_alias
    return str(alias.choices[0]) if isinstance(alias, AliasChoices) else f"TICKETPULSE_{name.upper()}"


def _default(field: FieldInfo) -> str:
    value: Any = field.default
    if value is None or value is PydanticUndefined or value in ("", ()):
        return ""
    if isinstance(value, str | Path):
        return str(value)
    return json.dumps(value)


def _meaning(field: FieldInfo) -> str:
    secret = "A secret: never printed. " if _is_secret(field.annotation) else ""
    return secret + (field.description or "")


def _is_secret(annotation: object) -> bool:
    return annotation is SecretStr or SecretStr in getattr(annotation, "__args__", ())
