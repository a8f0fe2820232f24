"""`python -m tests.reports.example`: the report of the bundled complaints, docs/report-example.md and -page.html."""

from pathlib import Path
from tempfile import TemporaryDirectory

from sinks.analytics.selection import Selection
from sinks.clickhouse.client import connect
from sinks.reports.composing import compose
from sinks.reports.html import html
from sinks.reports.markdown import markdown
from sinks.reports.material import read_material
from tests.reports import desk

DOCS = Path(__file__).parents[2] / "docs"


def main() -> None:
    """Write both files."""
    with TemporaryDirectory() as folder:
        url = f"chdb://{folder}/clickhouse"
        desk.store(url, desk.messages(desk.events()))
        client = connect(url, readonly=True)
        selection = Selection(since=desk.BEGIN + desk.WEEK, until=desk.END)
        report = compose(read_material(client, selection), desk.END)
        client.close()
    (DOCS / "report-example.md").write_text(markdown(report))
    (DOCS / "report-page.html").write_text(html(report))


if __name__ == "__main__":
    main()
