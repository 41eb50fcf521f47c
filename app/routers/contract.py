"""The OpenAPI document as a file: built when the code changed, and never by a process that serves.

To build it a process would make the shapes of all addresses, most of which it never meets, and would hold
them from then on.
"""

from fastapi import APIRouter
from fastapi.responses import FileResponse

from app.core.schema import ROOT

PATH = "/openapi.json"
FILE = "docs/openapi.json"
router = APIRouter(include_in_schema=False)


@router.get(PATH)
async def contract() -> FileResponse:
    """The document of this code."""
    return FileResponse(ROOT / FILE, media_type="application/json")
