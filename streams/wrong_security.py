"""Settings of security that cannot be meant as they are."""

from pathlib import Path


class WrongSecurity(Exception):
    """Settings that contradict each other, or name what cannot be used. The message names the variable, and says what
    to do.
    """


def readable(variable: str, path: Path) -> str:
    """What is in the file of a setting, without the end of its last line. Raises WrongSecurity."""
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise WrongSecurity(f"{variable}={path} cannot be read: {why}") from None


def secret_in(variable: str, path: Path) -> str:
    """The secret in the file of a setting: as `readable`, and never empty. Raises WrongSecurity."""
    secret = readable(variable, path)
    if not secret:
        raise WrongSecurity(f"{variable}={path} is empty: put the secret there")
    return secret
