"""Metrics, from sinks/prometheus.py."""

from collections.abc import Iterator

from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase

import sinks.prometheus
from deploy.docs.generate.markdown import code, page, table
from sinks.window_gauges import LABELS

INTRO = """
    What processes serve at `/metrics`. Labels are bounded: none holds a ticket, a customer or a text. Which alert
    rests on which of them is in [Alerts and runbooks](alerts.md).
"""
_SUFFIX = {"counter": "_total"}


def metrics_page() -> str:
    """All of them, in the order of the code."""
    rows = [[code(name), kind, ", ".join(map(code, labels)), text] for name, kind, labels, text in metrics()]
    return page("Metrics", INTRO, table(["metric", "kind", "labels", "what it tells"], rows))


def metrics() -> Iterator[tuple[str, str, tuple[str, ...], str]]:
    """Name, kind, labels and help of each."""
    for metric in vars(sinks.prometheus).values():
        if isinstance(metric, MetricWrapperBase):
            [described] = metric.describe()
            name = f"{described.name}{_SUFFIX.get(described.type, '')}"
            yield name, described.type, tuple(metric._labelnames), described.documentation
    for family in sinks.prometheus.WINDOWS.collect():
        yield family.name, family.type, LABELS, family.documentation


def exported() -> set[str]:
    """The names that a query may use, those of parts of histograms too."""
    parts = {"histogram": ["_bucket", "_sum", "_count"], "counter": ["_total"]}
    return {f"{family.name}{part}" for family in REGISTRY.collect() for part in parts.get(family.type, [""])}
