"""What panels ask: SQL of ClickHouse, and PromQL. The SQL uses the macros of Grafana's ClickHouse data source."""

from dataclasses import dataclass
from typing import Final

from grafana_foundation_sdk.builders.prometheus import Dataquery as PrometheusQuery
from grafana_foundation_sdk.cog import builder, variants
from grafana_foundation_sdk.models.dashboard import AnnotationTarget, DataSourceRef

CLICKHOUSE: Final = DataSourceRef(type_val="grafana-clickhouse-datasource", uid="ticketpulse-clickhouse")
PROMETHEUS: Final = DataSourceRef(type_val="prometheus", uid="ticketpulse-prometheus")

_TABLE_FORMAT, _SERIES_FORMAT = 1, 0


def chosen(variable: str, column: str) -> str:
    """A condition that follows a variable. With "All" it falls away, so what the variable's list lacks counts too."""
    return f"$__conditionalAll({column} IN (${{{variable}:sqlstring}}), ${variable})"


def unless_empty(variable: str, condition: str) -> str:
    """A condition that falls away while nothing is typed into a text box: the macro takes that for "All"."""
    return f"$__conditionalAll({condition}, ${variable})"


OF_TENANT: Final = "tenant = ${tenant:sqlstring}"
FILTERS: Final = f"{OF_TENANT} AND {chosen('channel', 'channel')} AND {chosen('category', 'category')}"
# The largest windows that are no longer than a step of the panel; every step of Grafana's is a multiple of them.
SIZE_OF_STEP: Final = (
    "size = multiIf($__interval_s >= 86400, 86400, $__interval_s >= 3600, 3600, $__interval_s >= 300, 300, 60)"
)
# For one figure over the whole span: minutes while they are few enough, else hours.
SIZE_OF_SPAN: Final = "size = if($__toTime - $__fromTime > 172800, 3600, 60)"
CUSTOMERS_TEXT: Final = "scored AND voice = 'customer'"


def quantile(times: str, share: float) -> str:
    """Seconds within which this share of a histogram of durations lies, as windows have them: columns of type Map."""
    ordered = f"arraySort(arrayZip(mapKeys({times}), mapValues({times})))"
    passed = f"arrayCumSum({ordered}.2)"
    bucket = f"{ordered}.1[arrayFirstIndex(so_far -> so_far >= {share} * {passed}[-1], {passed})]"
    return f"if(empty({times}), NULL, 2 / 2.04 / 1000 * pow(1.04, {bucket}))"


@dataclass
class Sql(variants.Dataquery, builder.Builder["Sql"]):
    """A query of ClickHouse, which the SDK has no builder for. A series has a column `time`, and others with values."""

    sql: str
    series: bool = False
    ref_id: str = "A"

    def build(self) -> "Sql":
        return self

    def to_json(self) -> dict[str, object]:
        kind = "timeseries" if self.series else "table"
        return {
            "refId": self.ref_id,
            "datasource": CLICKHOUSE.to_json(),
            "editorType": "sql",
            "queryType": kind,
            "format": _SERIES_FORMAT if self.series else _TABLE_FORMAT,
            "rawSql": self.sql.strip(),
        }


class AnnotationSql(AnnotationTarget, builder.Builder[AnnotationTarget]):
    """The query of an annotation: columns `time`, `timeEnd`, `title`, `text` and `tags`.

    The SDK's type knows only annotations of Grafana's own store.
    """

    def __init__(self, sql: str) -> None:
        super().__init__(limit=100, match_any=False, tags=[], type_val="tags")
        self._query = Sql(sql)

    def build(self) -> AnnotationTarget:
        return self

    def to_json(self) -> dict[str, object]:
        return {**super().to_json(), **self._query.to_json()}


def promql(expression: str, legend: str, ref_id: str = "A") -> PrometheusQuery:
    """A query of Prometheus over the span of the dashboard; `legend` may name labels, as in {{stage}}."""
    return PrometheusQuery().datasource(PROMETHEUS).expr(expression).legend_format(legend).ref_id(ref_id).range()
