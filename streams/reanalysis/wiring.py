"""The service of the settings, for whoever serves the page."""

from collections.abc import Callable

from clickhouse_connect.driver.client import Client

from streams.config import Settings
from streams.reanalysis.scoring import Model
from streams.reanalysis.service import ReanalysisService
from streams.stages import window_rules


def service_of(settings: Settings, connect: Callable[[], Client]) -> ReanalysisService:
    """Re-analyses by the settings' model and policy. `connect` opens a client that may write."""
    model = Model(settings.preset, settings.policies, settings.models, settings.model_key)
    return ReanalysisService(connect, model, window_rules(settings))
