"""What all dashboards have in common: variables, annotations of alerts, ways to each other."""

from collections.abc import Sequence

from grafana_foundation_sdk.builders.dashboard import (
    AnnotationQuery,
    CustomVariable,
    Dashboard,
    DashboardLink,
    QueryVariable,
    TextBoxVariable,
)
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as model

from deploy.grafana.generate.queries import CLICKHOUSE, OF_TENANT, AnnotationSql

TAG = "ticketpulse"
_PAGE = "http://127.0.0.1:8081"
_SCHEMA_VERSION = 41
_COLUMNS = 24
_ALL = model.VariableOption(text="All", value="$__all")

# The day's windows are few, and every value of a dimension is among them.
_TENANTS = "SELECT DISTINCT tenant FROM windows_now WHERE size = 86400 AND dimension = 'overall' ORDER BY tenant"
_VALUES = """
SELECT DISTINCT value FROM windows_now
WHERE {tenant} AND size = 86400 AND dimension = '{dimension}'
    AND start >= toStartOfDay($__fromTime) AND start <= $__toTime
ORDER BY value
"""
_ALERTS = """
SELECT
    started_at AS time, coalesce(resolved_at, updated_at) AS timeEnd, concat(kind, ': ', measure, ' ', value) AS title,
    summary AS text, concat(severity, ',', state, ',', dimension) AS tags
FROM alerts_now
WHERE {tenant} AND $__timeFilter_ms(started_at)
ORDER BY started_at DESC
LIMIT 500
"""


def board(uid: str, title: str, description: str, span: str = "now-24h") -> Dashboard:
    """An empty dashboard with the variables tenant, channel, category and page, and alerts as annotations."""
    made = (
        Dashboard(f"ticketpulse: {title}")
        .uid(uid)
        .description(description)
        .tags([TAG])
        .timezone("browser")
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .time(span, "now")
        .refresh("1m")
        .readonly()
        .link(
            DashboardLink("ticketpulse")
            .type(model.DashboardLinkType.DASHBOARDS)
            .tags([TAG])
            .as_dropdown(True)
            .include_vars(True)
            .keep_time(True)
        )
        .annotation(
            AnnotationQuery()
            .name("Alerts")
            .datasource(CLICKHOUSE)
            .enable(True)
            .icon_color("red")
            .target(AnnotationSql(_ALERTS.format(tenant=OF_TENANT)))
        )
        .with_variable(_of_tenants())
        .with_variable(_of_dimension("channel", "Channel"))
        .with_variable(_of_dimension("category", "Category"))
        .with_variable(text_box("page", "Address of the page", _PAGE, hidden=True))
    )
    made.build().schema_version = _SCHEMA_VERSION
    return made


def with_panels(made: Dashboard, panels: Sequence[Builder[model.Panel]]) -> Dashboard:
    """The dashboard with its panels, from left to right and row by row. Ids stay while the order stays."""
    left, top, tallest = 0, 0, 0
    for number, panel in enumerate(panels, start=1):
        built = panel.build()
        built.id_val = number
        built.grid_pos = place = built.grid_pos or model.GridPos()
        if left + place.w > _COLUMNS:
            left, top, tallest = 0, top + tallest, 0
        place.x, place.y = left, top
        left, tallest = left + place.w, max(tallest, place.h)
        made.with_panel(panel)
    return made


def text_box(name: str, label: str, value: str = "", *, hidden: bool = False) -> TextBoxVariable:
    """A variable that people type, or that a link sets."""
    return (
        TextBoxVariable(name)
        .label(label)
        .default_value(value)
        .current(model.VariableOption(text=value, value=value))
        .hide(model.VariableHide.HIDE_VARIABLE if hidden else model.VariableHide.DONT_HIDE)
    )


def choice(name: str, label: str, values: Sequence[str]) -> CustomVariable:
    """A variable with fixed values, of which any number may be chosen."""
    return CustomVariable(name).label(label).values(",".join(values)).multi(True).include_all(True).current(_ALL)


def _of_tenants() -> QueryVariable:
    return (
        QueryVariable("tenant")
        .label("Tenant")
        .datasource(CLICKHOUSE)
        .query(_TENANTS)
        .refresh(model.VariableRefresh.ON_DASHBOARD_LOAD)
        .current(model.VariableOption(text="default", value="default"))
    )


def _of_dimension(name: str, label: str) -> QueryVariable:
    return (
        QueryVariable(name)
        .label(label)
        .datasource(CLICKHOUSE)
        .query(_VALUES.format(tenant=OF_TENANT, dimension=name).strip())
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .multi(True)
        .include_all(True)
        .current(_ALL)
    )
