"""Settings, from streams/config.py."""

import json
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from deploy.docs.generate.markdown import code, page, table
from streams.config import Settings
from streams.secret_files import file_variables, variable_of

INTRO = """
    Every setting is a variable of the environment; lists are written as JSON. A value that cannot be is refused at the
    start, with the name of its variable. Secrets may be in files: see docs/secrets.md.
"""


def variables() -> dict[str, FieldInfo]:
    """Each setting by the name of its variable."""
    return {variable_of(name, field): field for name, field in Settings.model_fields.items()}


def settings_page() -> str:
    """All of them in the order of the code, which is by subject."""
    files = file_variables(Settings)
    rows = [
        [code(name), code(_default(field)), _meaning(field, files.get(name))] for name, field in variables().items()
    ]
    return page("Settings", INTRO, table(["variable", "default", "meaning"], rows))


def _default(field: FieldInfo) -> str:
    value: Any = field.default
    if value is None or value is PydanticUndefined or value in ("", ()):
        return ""
    if isinstance(value, str | Path):
        return str(value)
    return json.dumps(value)


def _meaning(field: FieldInfo, file: str | None) -> str:
    if file is None:
        return field.description or ""
    # An address that has a password is shown without it.
    secret = "A secret: never printed. " if field.exclude else ""
    return f"{secret}{field.description} {code(file)} may name a file with it."
