"""An answer of the page of this machine, for commands whose database another process has open."""

from collections.abc import Sequence

from streams.commands.failure import Failure
from streams.commands.settings import given_settings

_SECONDS = 120.0


def page_json(path: str, parameters: Sequence[tuple[str, str]]) -> bytes:
    """The body of a good answer. Raises Failure for any other."""
    import httpx

    settings = given_settings()
    host = "127.0.0.1" if settings.host == "0.0.0.0" else settings.host  # noqa: S104
    page = f"http://{host}:{settings.page_port}"
    try:
        answer = httpx.get(
            f"{page}{path}",
            params=list(parameters),
            headers={"Authorization": f"Bearer {settings.token.get_secret_value()}"} if settings.token else {},
            timeout=_SECONDS,
            trust_env=False,
        )
        if answer.is_success:
            return answer.content
        said = answer.json().get("detail", answer.status_code)
    except (httpx.HTTPError, ValueError) as error:
        said = str(error) or type(error).__name__
    raise Failure(f"another process has the embedded engine open, and its page at {page} does not tell: {said}")
