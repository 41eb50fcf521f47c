"""Templates of imports: an empty workbook of each kind, with drop-downs and explanations."""

import tempfile

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from app.api import downloads
from app.api.actors import Importer
from app.models.enums.exchange import ImportKind
from app.services.exchange import books
from app.services.exchange.importables import IMPORTABLES

router = APIRouter(prefix="/v1/import-templates", tags=["imports"])


@router.get(
    "/{kind}",
    summary="下载导入模板",
    operation_id="import_template",
    response_class=StreamingResponse,
    responses={200: {"description": "工作簿", "content": {books.MIME: {}}}},
)
async def import_template(_actor: Importer, kind: ImportKind) -> StreamingResponse:
    """The template of a kind of import."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed when it was sent
    books.template(file, IMPORTABLES[kind])
    return downloads.made(file, mime=books.MIME, name=f"import-{kind}.xlsx")
