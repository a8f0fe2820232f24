"""The product's own configuration in a hurry: hours become minutes and less, names and routes stay as they are.

Every time in the rules (ranges, offsets, `for`, intervals, sizes of windows) is divided by one factor, so a round trip
from the spike to the resolved message is that of the rules as they are, only faster.
"""

import re
from pathlib import Path
from typing import Any, Final

import msgspec

from tests.alerting.rule_files import DEPLOY, PROMETHEUS, decode

FACTOR: Final = 100
# The product's sizes of windows that rules ask for, and what becomes of them.
SIZES: Final = {60: 1, 300: 3, 3600: 36}
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DURATION = re.compile(r"(?<=\[)\d+[smhdw](?=\])|(?<=offset )\d+[smhdw]\b")
_SIZES = re.compile(r'(?<=size=)~?"[\d|]+"')
# A process answers a scrape within some milliseconds, of a machine that has much else to do.
_LEAST_INTERVAL_MS: Final = 250


def scaled(duration: str, least_ms: int = 1) -> str:
    """A duration of Prometheus, divided by the factor."""
    milliseconds = int(duration[:-1]) * _SECONDS[duration[-1]] * 1000 // FACTOR
    return f"{max(milliseconds, least_ms)}ms"


def scaled_expression(expression: str) -> str:
    """An expression with its ranges, offsets and sizes of windows divided."""
    faster = _DURATION.sub(lambda found: scaled(found[0]), expression)
    return _SIZES.sub(lambda found: re.sub(r"\d+", lambda size: str(SIZES[int(size[0])]), found[0]), faster)


def write_prometheus(folder: Path, targets: Path, alertmanager: str) -> Path:
    """prometheus.yml in `folder`, with the rules beside it; scrapes `targets` and tells `alertmanager`."""
    for path in PROMETHEUS.glob("rules/*.yml"):
        content = decode(path, dict[str, Any])
        for group in content["groups"]:
            if "interval" in group:
                group["interval"] = scaled(group["interval"], _LEAST_INTERVAL_MS)
            for rule in group["rules"]:
                rule["expr"] = scaled_expression(rule["expr"])
                rule |= {name: scaled(rule[name]) for name in ("for", "keep_firing_for") if name in rule}
        _write(folder / "rules" / path.name, content)
    content = decode(PROMETHEUS / "prometheus.yml", dict[str, Any])
    for name in ("scrape_interval", "evaluation_interval"):
        content["global"][name] = scaled(content["global"][name], _LEAST_INTERVAL_MS)
    content["global"]["scrape_timeout"] = content["global"]["scrape_interval"]
    content["scrape_configs"][0]["file_sd_configs"][0]["files"] = [str(targets)]
    content["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"] = [alertmanager]
    return _write(folder / "prometheus.yml", content)


def write_alertmanager(folder: Path, webhooks: str) -> Path:
    """alertmanager.yml in `folder`, with the product's routes; each receiver is a webhook below `webhooks`."""
    content = decode(DEPLOY / "alertmanager" / "alertmanager.yml", dict[str, Any])
    _hurry(content["route"])
    content["receivers"] = [
        {"name": each["name"], "webhook_configs": [{"url": f"{webhooks}/{each['name']}", "send_resolved": True}]}
        for each in content["receivers"]
    ]
    return _write(folder / "alertmanager.yml", content)


def _hurry(route: dict[str, Any]) -> None:
    for name in ("group_wait", "group_interval"):
        if name in route:
            route[name] = scaled(route[name])
    for inner in route.get("routes", ()):
        _hurry(inner)


def _write(path: Path, content: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.yaml.encode(content))
    return path
