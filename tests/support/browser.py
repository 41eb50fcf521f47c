"""A real Chromium: found on this machine, never fetched; without one, tests that need it are skipped.

`WANGGE_CHROMIUM` names it, or it is found by its usual names. With `WANGGE_TEST_BROWSER=required` a missing
one is a failure, so that nothing is skipped where it must not be.
"""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Locator, Page, async_playwright, expect

from tests.support.world import PASSWORD

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
# Chromium as root needs no sandbox of its own; nothing is fetched that the page does not ask for.
OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking")
# Longer than the page ever waits before it asks again, and than a test waits for it.
_LONGEST_WAIT_MS, _PATIENCE_SECONDS = 36_000, 60
# A question that is answered late, or an animation, must not fail a test on a busy machine.
PATIENCE_MS = 30_000
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


async def signed_in(page: Page, username: str) -> None:
    """Sign in, and wait for the figures."""
    await page.get_by_label("账号或手机号").fill(username)
    await page.get_by_label("密码").fill(PASSWORD)
    await page.get_by_role("button", name="登录").click()
    await expect(page.locator(".stages")).to_be_visible()


async def violations(page: Page) -> list[str]:
    """What axe finds that shuts somebody out."""
    found = await Axe().run(page)
    return [f"{each['id']}: {each['nodes'][0]['target']}" for each in found.response["violations"]]


async def waited_for(page: Page, wanted: Locator) -> None:
    """Let the page's time fly, whose clock is installed, until this is there."""
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while not await wanted.count():
            await page.clock.run_for(_LONGEST_WAIT_MS)
