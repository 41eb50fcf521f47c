"""The public keys of access tokens (RFC 7517), for whoever verifies them without asking us."""

from fastapi import APIRouter, Response

from app.api.parts import Keyring
from app.api.sessions import Session
from app.schemas.auth import KeySet

router = APIRouter(tags=["auth"])
CACHE = "public, max-age=300"


@router.get("/.well-known/jwks.json", summary="令牌公钥", operation_id="jwks")
async def jwks(session: Session, keyring: Keyring, response: Response) -> KeySet:
    """All keys that a token in circulation may name; ask again when a token names another."""
    response.headers["Cache-Control"] = CACHE
    return KeySet(keys=await keyring.published(session))
