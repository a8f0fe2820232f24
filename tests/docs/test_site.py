"""The site is built from the pages as they are: strictly, and of nothing from elsewhere."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "deploy" / "docs" / "mkdocs.yml"
_LOADED = re.compile(
    r'<(?:script|img|iframe)[^>]+?src="?(https?:[^"\s>]+)|<link(?![^>]+rel="?canonical)[^>]+?href="?(https?:[^"\s>]+)'
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as by `make docs`. A link or an anchor that leads nowhere, or a page that is in no menu, fails."""
    folder = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "-f", str(CONFIG), "-d", str(folder)],
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    return folder


def test_every_page_and_runbook_is_in_the_site(site: Path) -> None:
    pages = {path.relative_to(ROOT / "docs").with_suffix(".html") for path in (ROOT / "docs").rglob("*.md")}
    runbooks = {Path("runbooks") / f"{path.stem}.html" for path in (ROOT / "deploy" / "runbooks").glob("*.md")}
    assert len(pages) > 30
    assert [
        page for page in sorted(pages | runbooks | {Path("architecture.html")}) if not (site / page).is_file()
    ] == []


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    loaded = {
        f"{path.relative_to(site)}: {''.join(found)}"
        for path in site.rglob("*.html")
        for found in _LOADED.findall(path.read_text("utf-8"))
    }
    assert loaded == set()


def test_links_out_of_docs_lead_to_the_page_in_the_site(site: Path) -> None:
    alerting = (site / "alerting.html").read_text("utf-8")
    assert re.search(r'href="?runbooks/StageDown\.html', alerting)
    runbook = (site / "runbooks" / "StageDown.html").read_text("utf-8")
    assert "deploy/runbooks" not in runbook
