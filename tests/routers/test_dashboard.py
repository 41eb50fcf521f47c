"""The page's files over HTTP: found under their content's hash, kept for good, packed, strict of policy."""

import gzip
import re
import subprocess
import sys

import httpx
import pytest
from fastapi import FastAPI

from app.api import pages
from app.core.schema import ROOT
from tests.support.clients import Api

ADDRESS = re.compile(r'(?:href|src)="(dashboard/[^"]+)"')
MODULE = re.compile(r'^(?:import|export) .*?from "(\.[^"]+)";$', re.MULTILINE)


async def page(api: Api) -> httpx.Response:
    return await api.get("/dashboard")


async def test_every_file_that_the_page_names_is_there_and_kept_for_good(api: Api) -> None:
    named = ADDRESS.findall((await page(api)).text)
    assert len(named) > 5
    for address in named:
        reply = await api.get(f"/{address}")
        assert reply.status_code == 200, address
        assert reply.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert reply.headers["x-content-type-options"] == "nosniff"


async def test_every_module_that_a_script_imports_is_there_and_every_script_is_imported(api: Api) -> None:
    base, seen, ahead = (
        f"http://test/dashboard/{pages.version()}/",
        set[str](),
        ["scripts/main.js", "scripts/clients/main.js"],
    )
    while ahead:
        path = ahead.pop()
        seen.add(path)
        reply = await api.get(f"{base}{path}")
        assert reply.headers["content-type"].startswith("text/javascript"), path
        joined = [httpx.URL(f"{base}{path}").join(found) for found in MODULE.findall(reply.text)]
        ahead += [each for found in joined if (each := str(found).removeprefix(base)) not in seen]
    assert seen == {path for path in pages.assets() if path.endswith(".js")}


async def test_the_page_is_asked_for_again_and_answered_with_304_while_it_is_the_same(api: Api) -> None:
    first = await page(api)
    again = await api.get("/dashboard", headers={"If-None-Match": first.headers["etag"]})
    assert first.headers["cache-control"] == "no-cache"
    assert (again.status_code, again.content) == (304, b"")


async def test_a_file_of_another_version_is_not_there(api: Api) -> None:
    for path in (
        "0123456789abcdef/scripts/main.js",
        f"{pages.version()}/index.html",
        "plotly-1.0/plotly.min.js",
    ):
        assert (await api.get(f"/dashboard/{path}")).status_code == 404, path


async def test_nothing_outside_the_pages_folder_is_served(api: Api) -> None:
    for path in ("..%2fmain.py", "scripts/..%2f..%2f..%2fmain.py", "/etc/passwd", "index.html"):
        reply = await api.get(f"/dashboard/{pages.version()}/{path}")
        assert reply.status_code == 404, path


async def test_the_policy_lets_no_foreign_and_no_inline_script_or_style_run(api: Api) -> None:
    policy = (await page(api)).headers["content-security-policy"]
    directives = dict(part.split(" ", 1) for part in policy.split("; "))
    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == directives["style-src"] == directives["connect-src"] == "'self'"
    assert "unsafe" not in policy
    assert not re.search(r"<script>|<style|\sstyle=|\son\w+=", (await page(api)).text)


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
async def test_plotly_comes_from_the_installed_package_packed_for_who_takes_it(
    api: Api, encoding: str
) -> None:
    address = f"/dashboard/plotly-{pages.plotly_version()}/plotly.min.js"
    async with api.stream("GET", address, headers={"Accept-Encoding": encoding}) as reply:
        raw = b"".join([piece async for piece in reply.aiter_raw()])
    assert reply.headers.get("content-encoding", "identity") == encoding
    plain = gzip.decompress(raw) if encoding == "gzip" else raw
    assert plain.lstrip().startswith(b"/**\n* plotly.js v")
    assert len(raw) < 1_600_000 or encoding == "identity"


async def test_the_page_keeps_plotly_from_writing_styles_into_it(api: Api, app: FastAPI) -> None:
    assert app
    marks = re.findall(r'id="([0-9a-f]{64})"', (await page(api)).text)
    assert len(marks) == 1


def test_no_process_that_serves_the_page_imports_plotly() -> None:
    code = (
        "import sys; from app.api import pages; pages.page(pages.INDEX); pages.plotly(); import app.main;"
        "print(sorted({name.split('.')[0] for name in sys.modules} & {'plotly', 'narwhals'}))"
    )
    shown = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
