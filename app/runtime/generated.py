"""Files under `docs/` that are written from the code, and whether they still agree with it.

Beside them stands what was released of the API: written when a release is made, and compared at every check.
"""

import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from app.api.openapi import changes, document, surface
from app.config import Settings
from app.core.schema import ROOT
from app.main import create_app
from app.services.stats import kpis_doc
from app.services.tickets import workflow_doc

# Nothing connects to it: an engine opens connections when they are used.
_NOWHERE = "postgresql+asyncpg://nobody@/nothing?host=/nonexistent"


RELEASED = "docs/openapi-released.json"


@cache
def _document() -> dict[str, Any]:
    return document.of(create_app(Settings(_env_file=None, environment="test"), _NOWHERE))


def openapi() -> str:
    """The OpenAPI document of this code, as stable JSON with a newline at the end."""
    return json.dumps(_document(), ensure_ascii=False, indent=1) + "\n"


def release(root: Path = ROOT) -> None:
    """Write down the API of this code as released."""
    (root / RELEASED).write_text(surface.text(surface.of(_document())), encoding="utf-8")


def broken(root: Path = ROOT) -> list[str]:
    """What this code breaks of the released API, though the major version is the same."""
    released = json.loads((root / RELEASED).read_text("utf-8"))
    return changes.breaking(released, surface.of(_document()))


FILES: Mapping[str, Callable[[], str]] = {
    "docs/openapi.json": openapi,
    "docs/kpis.md": kpis_doc.render,
    "docs/workflow.md": workflow_doc.render,
}


def write(root: Path = ROOT) -> list[str]:
    """Write every generated file; returns the names of those that changed."""
    changed = drifted(root)
    for name in changed:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(FILES[name](), encoding="utf-8")
    return changed


def drifted(root: Path = ROOT) -> list[str]:
    """The names of generated files that are missing or differ from what the code says."""
    return [name for name, render in FILES.items() if _present(root / name) != render()]


def _present(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None
