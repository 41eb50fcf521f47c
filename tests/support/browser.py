"""A real Chromium: found on this machine, never fetched; without one, tests that need it are skipped.

`WANGGE_CHROMIUM` names it, or it is found by its usual names. With `WANGGE_TEST_BROWSER=required` a missing
one is a failure, so that nothing is skipped where it must not be.
"""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, Page, async_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
# Chromium as root needs no sandbox of its own; nothing is fetched that the page does not ask for.
OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking")
MISSING = "没有 Chromium：请安装（Debian：apt-get install chromium），或以 WANGGE_CHROMIUM 指明其路径"


def executable() -> str:
    """The browser's path; skips the test, or fails it where a browser is required."""
    named = os.environ.get("WANGGE_CHROMIUM")
    found = named or next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is not None:
        return found
    if os.environ.get("WANGGE_TEST_BROWSER") == "required":
        pytest.fail(MISSING)
    pytest.skip(MISSING)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """The browser while the block runs."""
    path = executable()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=OPTIONS)
        yield browser
        await browser.close()


class Console:
    """What a page says of itself that nobody wants to read: errors and warnings."""

    def __init__(self, page: Page) -> None:
        self.said: list[str] = []
        page.on("console", lambda message: self._told(message.type, message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))

    def _told(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"}:
            self.said.append(text)
