"""What the dashboards in the repository ask ClickHouse."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.panels.macros import ALL

DASHBOARDS = Path(__file__).parents[2] / "deploy" / "grafana" / "dashboards"


class Asked(NamedTuple):
    """One query of a dashboard. `series` has a column `time` and is drawn over it."""

    uid: str
    panel: str
    sql: str
    series: bool


def dashboards() -> dict[str, dict[str, Any]]:
    """What is in the repository, by uid."""
    read = [json.loads(path.read_text("utf-8")) for path in sorted(DASHBOARDS.glob("*.json"))]
    return {board["uid"]: board for board in read}


def asked(board: Mapping[str, Any]) -> Iterator[Asked]:
    """Every query of a dashboard: of its panels, variables and annotations."""
    for panel in board["panels"]:
        for target in panel.get("targets", []):
            if "rawSql" in target:
                yield Asked(board["uid"], panel["title"], target["rawSql"], target["queryType"] == "timeseries")
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            yield Asked(board["uid"], f"variable {variable['name']}", variable["query"], False)
    for annotation in board["annotations"]["list"]:
        yield Asked(board["uid"], f"annotation {annotation['name']}", annotation["target"]["rawSql"], False)


def chosen(board: Mapping[str, Any]) -> dict[str, str | list[str]]:
    """The variables of a dashboard as it opens."""
    return {
        variable["name"]: ALL if variable.get("includeAll") else variable["current"]["value"]
        for variable in board["templating"]["list"]
    }
