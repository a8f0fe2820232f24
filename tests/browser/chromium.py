"""A headless Chromium, driven over plain HTTP by its own chromedriver (WebDriver): no other package is needed."""

import base64
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WAIT_SECONDS = 60
_INSTALL = "not found: install it with `apt-get install chromium chromium-driver`"


class Browser:
    """One window. Every method waits for the browser's answer; WebDriver's errors are raised as AssertionError."""

    def __init__(self, http: httpx.Client, session: str) -> None:
        self._http = http
        self._session = session

    def open(self, url: str) -> None:
        """Load a page."""
        self._post("url", {"url": url})

    def run(self, script: str, *arguments: object) -> Any:
        """The value that the body of a function returns in the page."""
        return self._post("execute/sync", {"script": script, "args": list(arguments)})

    def until(self, condition: str) -> Any:
        """Wait until an expression is true in the page, looked at every 20 ms; at most a minute."""
        script = """
            const done = arguments[arguments.length - 1];
            const look = () => { const found = (%s); if (found) done(found); else setTimeout(look, 20); };
            look();"""
        return self._post("execute/async", {"script": script % condition, "args": []})

    def devtools(self, command: str, **parameters: object) -> Any:
        """A command of the DevTools protocol, for what WebDriver lacks: screen sizes, colour schemes, screenshots."""
        return self._post("goog/cdp/execute", {"cmd": command, "params": parameters})

    def resize(self, width: int, height: int) -> None:
        """Set the size of the viewport in CSS pixels, below the least width of a window too, all for the page."""
        self.devtools("Emulation.setScrollbarsHidden", hidden=True)
        self.devtools(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
        )

    def console_errors(self) -> list[str]:
        """What the console reported as severe since it was asked last: exceptions, blocked scripts, failed loads."""
        entries = self._post("se/log", {"type": "browser"})
        return [entry["message"] for entry in entries if entry["level"] == "SEVERE"]

    def text(self, selector: str) -> str:
        """What the first element that the selector finds shows."""
        return self.texts(selector)[0]

    def texts(self, selector: str) -> list[str]:
        """What each of them shows."""
        found = self.run("return [...document.querySelectorAll(arguments[0])].map((e) => e.innerText)", selector)
        return [str(line) for line in found]

    def screenshot(self) -> bytes:
        """The whole page as PNG, also what is below the viewport."""
        taken = self.devtools("Page.captureScreenshot", captureBeyondViewport=True)
        return base64.b64decode(taken["data"])

    def _post(self, command: str, body: dict[str, Any]) -> Any:
        answer = self._http.post(f"/session/{self._session}/{command}", json=body)
        assert answer.is_success, answer.json()["value"]["message"]
        return answer.json()["value"]


@contextmanager
def browsing(profile: Path) -> Iterator[Browser]:
    """A browser with an empty profile in `profile`; it and its driver end with the block."""
    chromium, chromedriver = shutil.which("chromium"), shutil.which("chromedriver")
    assert chromium, f"chromium {_INSTALL}"
    assert chromedriver, f"chromedriver {_INSTALL}"
    driver = subprocess.Popen([chromedriver, "--port=0"], stdout=subprocess.PIPE, text=True)
    try:
        port = _port(driver)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=2 * WAIT_SECONDS, trust_env=False) as http:
            session = _start(http, chromium, profile)
            yield Browser(http, session)
            http.delete(f"/session/{session}")
    finally:
        driver.terminate()
        driver.communicate()


def _port(driver: subprocess.Popen[str]) -> int:
    assert driver.stdout is not None
    for line in driver.stdout:
        if "started successfully on port" in line:
            return int(line.strip().rstrip(".").rpartition(" ")[2])
    raise AssertionError("chromedriver ended before it listened")


def _start(http: httpx.Client, chromium: str, profile: Path) -> str:
    wanted = {
        "browserName": "chrome",
        "timeouts": {"script": 1000 * WAIT_SECONDS},
        "goog:chromeOptions": {"binary": chromium, "args": [*FLAGS, f"--user-data-dir={profile}"]},
        "goog:loggingPrefs": {"browser": "ALL"},
    }
    answer = http.post("/session", json={"capabilities": {"alwaysMatch": wanted}})
    assert answer.is_success, answer.json()["value"]["message"]
    return str(answer.json()["value"]["sessionId"])
