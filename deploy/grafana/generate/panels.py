"""The three kinds of panel that dashboards are made of. Every one has a link: a figure is a question about tickets."""

from collections.abc import Mapping, Sequence

from grafana_foundation_sdk.builders import common, stat, table, timeseries
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.common import (
    BigValueGraphMode,
    GraphDrawStyle,
    LegendDisplayMode,
    LegendPlacement,
    StackingMode,
    TooltipDisplayMode,
)
from grafana_foundation_sdk.models.dashboard import DashboardLink, DataSourceRef, DynamicConfigValue
from grafana_foundation_sdk.models.units import Short

from deploy.grafana.generate.links import to_tickets
from deploy.grafana.generate.queries import CLICKHOUSE, PROMETHEUS, Sql

# Named as the columns of the tables; from red to green, as on the product's page.
_COLOURS = {
    "very_negative": "dark-red",
    "negative": "orange",
    "neutral": "#8e8e8e",
    "positive": "light-green",
    "very_positive": "dark-green",
}
Query = Builder[Dataquery]
Link = Builder[DashboardLink]


def figure(
    title: str, query: Sql, *, unit: str = Short, description: str = "", width: int = 4, links: Sequence[Link] = ()
) -> stat.Panel:
    """One number over the span, or several: a number for each column of the query's only row."""
    return (
        stat.Panel()
        .title(title)
        .description(description)
        .datasource(CLICKHOUSE)
        .with_target(query)
        .unit(unit)
        .span(width)
        .height(4)
        .graph_mode(BigValueGraphMode.NONE)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).fields("/.*/").values(False))
        .links(list(links) or [to_tickets()])
    )


def series(
    title: str,
    queries: Query | Sequence[Query],
    *,
    unit: str = Short,
    stacked: bool = False,
    name: str = "",
    description: str = "",
    width: int = 12,
    links: Sequence[Link] = (),
) -> timeseries.Panel:
    """Lines over time, or stacked bars. `name` is a line's, as in ${__field.labels.channel}, if not its column."""
    asked = list(queries) if isinstance(queries, Sequence) else [queries]
    ways: list[Link] = list(links) or [to_tickets()]
    panel = (
        timeseries.Panel()
        .title(title)
        .description(description)
        .datasource(_source(asked))
        .targets(asked)
        .unit(unit)
        .span(width)
        .height(8)
        # No window is shorter than a minute.
        .interval("1m")
        .line_width(2)
        .fill_opacity(8)
        .legend(
            common.VizLegendOptions()
            .display_mode(LegendDisplayMode.LIST)
            .placement(LegendPlacement.BOTTOM)
            .show_legend(True)
            .calcs([])
        )
        .tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI))
        .links(ways)
        .data_links(ways)
    )
    if stacked:
        panel.draw_style(GraphDrawStyle.BARS).fill_opacity(70).stacking(
            common.StackingConfig().mode(StackingMode.NORMAL).group("A")
        )
    if name:
        panel.display_name(name)
    for label, colour in _COLOURS.items():
        panel.override_by_name(label, [DynamicConfigValue("color", {"mode": "fixed", "fixedColor": colour})])
    return panel


def rows(
    title: str,
    query: Sql,
    *,
    units: Mapping[str, str] | None = None,
    cells: Mapping[str, Sequence[Link]] | None = None,
    description: str = "",
    width: int = 12,
    height: int = 8,
    links: Sequence[Link] = (),
) -> table.Panel:
    """A table: `units` and the links of `cells` by column."""
    panel = (
        table.Panel()
        .title(title)
        .description(description)
        .datasource(CLICKHOUSE)
        .with_target(query)
        .span(width)
        .height(height)
        .filterable(True)
        .links(list(links) or [to_tickets()])
    )
    properties: dict[str, list[DynamicConfigValue]] = {}
    for column, unit in (units or {}).items():
        properties.setdefault(column, []).append(DynamicConfigValue("unit", unit))
    for column, ways in (cells or {}).items():
        properties.setdefault(column, []).append(DynamicConfigValue("links", [way.build() for way in ways]))
    for column, values in properties.items():
        panel.override_by_name(column, values)
    return panel


def _source(queries: Sequence[Query]) -> DataSourceRef:
    return CLICKHOUSE if all(isinstance(query, Sql) for query in queries) else PROMETHEUS
