"""Secrets out of files: the setting NAME is what the file says that NAME_FILE names, as images of databases have it.

pydantic's own `secrets_dir` would read files named like the settings, but passes over what is missing there; and who
mounts a file chooses its name.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import AliasChoices, BeforeValidator, SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from streams.wrong_security import WrongSecurity, secret_in

_SUFFIX: Final = "_FILE"
# An address with a password in it.
_ADDRESSES: Final = ("clickhouse_url",)

# A setting that names such a file itself, because the file is read again later. Empty is not set: a compose file says
# ${NAME:-} of what somebody may set.
SecretFile = Annotated[Path | None, BeforeValidator(lambda given: given or None)]


class SecretFiles(PydanticBaseSettingsSource):
    """The settings that are secrets and are named by a file of this environment.

    Raises WrongSecurity for a file that is missing, unreadable or empty, and for a secret that is given twice.
    """

    def __init__(self, settings: type[BaseSettings], environment: Mapping[str, str] = os.environ) -> None:
        super().__init__(settings)
        self._environment = {name.upper(): value for name, value in environment.items() if value}

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """What the file of a setting says; None where none is named."""
        variable = variable_of(field_name, field)
        # An alias goes before the name, also an empty one.
        key = variable if field.validation_alias else field_name
        named = self._environment.get(f"{variable}{_SUFFIX}")
        if named is None or {key, field_name} & self.current_state.keys():
            return None, key, False
        if variable in self._environment:
            raise WrongSecurity(f"{variable} is given twice: set either {variable} or {variable}{_SUFFIX}")
        return secret_in(f"{variable}{_SUFFIX}", Path(named)), key, False

    def __call__(self) -> dict[str, Any]:
        """All of them, by what the setting is known by."""
        fields = self.settings_cls.model_fields
        read_once = [name for name in secret_fields(self.settings_cls) if f"{name}_file" not in fields]
        found = [self.get_field_value(fields[name], name) for name in read_once]
        return {key: secret for secret, key, _ in found if secret is not None}


def secret_fields(settings: type[BaseSettings]) -> tuple[str, ...]:
    """The settings that are secrets, or addresses with a password in them."""
    return tuple(
        name
        for name, field in settings.model_fields.items()
        if name in _ADDRESSES or SecretStr in (field.annotation, *getattr(field.annotation, "__args__", ()))
    )


def file_variables(settings: type[BaseSettings]) -> dict[str, str]:
    """The variable that names the file of a secret, by the variable of the secret."""
    variables = [variable_of(name, settings.model_fields[name]) for name in secret_fields(settings)]
    return {variable: f"{variable}{_SUFFIX}" for variable in variables}


def variable_of(name: str, field: FieldInfo) -> str:
    """The variable of a setting: TICKETPULSE_<NAME>, but for the two servers."""
    alias = field.validation_alias
    return str(alias.choices[0]) if isinstance(alias, AliasChoices) else f"TICKETPULSE_{name.upper()}"
