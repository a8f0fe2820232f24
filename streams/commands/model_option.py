"""`--model VERSION`: a model that was learned judges, in place of those in force."""

from typing import TYPE_CHECKING, Annotated

import typer

from streams.commands.failure import USAGE, Failure

if TYPE_CHECKING:
    from streams.config import Settings
    from streams.learning.judging import OneModel

ModelOption = Annotated[
    str | None,
    typer.Option(
        metavar="VERSION", help="Let this model say sentiment, or category; `ticketpulse model ls` lists them."
    ),
]


def model_of(version: str, settings: "Settings") -> "OneModel":
    """The model of a version. Raises Failure."""
    from streams.learning.card import is_version
    from streams.learning.judging import one_model

    if settings.models is None or settings.model_key is None:
        raise Failure("--model: TICKETPULSE_MODELS names the folder of models, TICKETPULSE_MODEL_KEY their key", USAGE)
    if not is_version(version):
        raise Failure(f"--model {version}: a version is written as 20261122-081500-1a2b3c4d", USAGE)
    try:
        return one_model(settings.models, settings.model_key, version)
    except FileNotFoundError:
        raise Failure(f"there is no model of texts of version {version} in {settings.models}") from None
    except ImportError as error:
        raise Failure(f"models need what is not installed ({error.name}): pip install 'ticketpulse[ml]'") from None
    except Exception as error:
        # BadModel is of a module that needs the extra; whatever is wrong with a file, its words say it.
        raise Failure(str(error)) from None
