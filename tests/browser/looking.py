"""How the tests look into a page. Scripts run by the browser's own protocol: the page's policy does not stop them."""

from typing import Any, Final

from playwright.sync_api import Page

# What a machine that does much else at the same time may take.
PATIENCE_MS: Final = 60_000


def run(page: Page, body: str, *arguments: object) -> Any:
    """The value that the body of a function returns in the page."""
    return page.evaluate(f"(given) => (function () {{ {body} }}).apply(null, given)", list(arguments))


def until(page: Page, condition: str) -> Any:
    """Wait until an expression is true in the page, and give its value. Raises AssertionError after a minute."""
    look = """async (patience) => {
        const look = () => %s;
        const end = performance.now() + patience;
        for (let found = look(); ; found = look()) {
          if (found || performance.now() > end) return found || null;
          await new Promise((go) => setTimeout(go, 20));
        }
      }"""
    found = page.evaluate(look % f"({condition})", PATIENCE_MS)
    assert found is not None, f"not within a minute: {condition}"
    return found


def text(page: Page, selector: str) -> str:
    """What the first element that the selector finds shows."""
    return texts(page, selector)[0]


def texts(page: Page, selector: str) -> list[str]:
    """What each of them shows."""
    return page.locator(selector).all_inner_texts()


def is_hidden(page: Page, selector: str) -> bool:
    """Whether the first of them is there and not to be seen."""
    return not run(page, "return document.querySelector(arguments[0]).checkVisibility()", selector)
