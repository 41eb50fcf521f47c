"""What the long-lived processes carry: a library that only other processes need costs each of them memory."""

import subprocess
import sys

import pytest

ELSEWHERE = {
    *("PIL", "alembic", "httpx", "mako", "pygments", "pypinyin", "python_calamine", "rich", "typer"),
    *("jsonschema", "pgqueuer", "xlsxwriter"),
}
SAY = "import sys, {module}; print(*sorted({{name.partition('.')[0] for name in sys.modules}}))"


def imported_with(module: str) -> set[str]:
    """The packages that a fresh process holds once it has imported a module."""
    command = [sys.executable, "-c", SAY.format(module=module)]
    return set(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())


@pytest.mark.parametrize("library", sorted(ELSEWHERE))
def test_a_server_process_carries_no_library_that_only_others_need(library: str, served: set[str]) -> None:
    assert library not in served


def test_who_watches_the_server_processes_carries_no_application() -> None:
    held = imported_with("app.runtime.serving")
    assert "uvicorn" in held
    assert not held & {"fastapi", "shapely", "jose", "obstore", *ELSEWHERE}


@pytest.fixture(scope="module")
def served() -> set[str]:
    """What a server process holds before its first request."""
    held = imported_with("app.runtime.process")
    assert {"fastapi", "sqlalchemy", "structlog"} <= held
    return held
