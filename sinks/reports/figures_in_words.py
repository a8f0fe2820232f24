"""How values are written for people, the same in every format."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

from sinks.reports.model import Figure, Unit, Value

NONE: Final = "–"
_MINUTE: Final = 60
_HOUR: Final = 3_600
_DAY: Final = 86_400
# From here on a tenth of a percent says nothing.
_FEW: Final = 0.1


def written(value: Value, unit: Unit) -> str:
    """A value as people read it: 1,234 · 12 % · 3 h 20 min · 2026-11-22 06:00."""
    if value is None or value == "":
        return NONE
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M")
    if isinstance(value, str):
        return value
    as_unit: Mapping[Unit, Callable[[float], str]] = {"share": percent, "seconds": duration, "points": "{:.2f}".format}
    return as_unit.get(unit, counted)(value)


def counted(number: float) -> str:
    """1,234 or 1,234.5."""
    return f"{number:,.0f}" if float(number).is_integer() else f"{number:,.1f}"


def percent(share: float) -> str:
    """0.1234 is 12 %, 0.0234 is 2.3 %."""
    return f"{share * 100:.1f} %" if 0 < abs(share) < _FEW else f"{share * 100:.0f} %"


def duration(seconds: float) -> str:
    """The two largest units that matter: 45 s, 12 min, 3 h 20 min, 2 d 4 h."""
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{round(whole / _MINUTE)} min"
    if whole < 2 * _DAY:
        hours, minutes = divmod(round(whole / _MINUTE), 60)
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(round(whole / _HOUR), 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def bounds(figure: Figure) -> str:
    """The interval of a figure, as in "27 % to 35 %"; empty where it has none."""
    if figure.low is None or figure.high is None:
        return ""
    return f"{written(figure.low, figure.unit)} to {written(figure.high, figure.unit)}"


def span_in_words(begin: datetime, end: datetime) -> str:
    """Whole days are named by their dates, the last one included; other spans by their times."""
    begin, end = begin.astimezone(UTC), end.astimezone(UTC)
    if begin.time() == end.time() == datetime.min.time():
        last = datetime.fromtimestamp(end.timestamp() - 1, UTC)
        if begin.date() == last.date():
            return f"{begin:%-d %B %Y}"
        if begin.year == last.year:
            first = f"{begin:%-d}" if begin.month == last.month else f"{begin:%-d %B}"
            return f"{first} – {last:%-d %B %Y}"
        return f"{begin:%-d %B %Y} – {last:%-d %B %Y}"
    return f"{begin:%-d %B %Y %H:%M} – {end:%-d %B %Y %H:%M} UTC"
