"""Fixtures of the tests with real processes."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, expect

from tests.support.browser import PATIENCE_MS, chromium


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    """A real Chromium, or a skip where there is none."""
    async with chromium() as found:
        expect.set_options(timeout=PATIENCE_MS)
        yield found
