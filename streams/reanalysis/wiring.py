"""The service of the settings, for whoever serves the page."""

from collections.abc import Callable

from clickhouse_connect.driver.client import Client

from streams.config import Settings
from streams.reanalysis.scoring import Model
from streams.reanalysis.service import ReanalysisService
from streams.stages import window_rules


def scoring_of(settings: Settings, version: str | None = None) -> Model:
    """How the settings score; with a `version`, by that model alone."""
    return Model(
        settings.preset,
        settings.policies,
        settings.models,
        settings.model_key,
        version,
        settings.privacy,
        settings.privacy_keys,
    )


def service_of(settings: Settings, connect: Callable[[], Client]) -> ReanalysisService:
    """Re-analyses by the settings' model and policy. `connect` opens a client that may write."""
    model = scoring_of(settings)
    return ReanalysisService(connect, model, window_rules(settings))
