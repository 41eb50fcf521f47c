"""Links to a file that work without a token until they expire, for a viewer that cannot send one.

A link holds the attachment's id, which copy is meant and until when, signed with a key of the deployment's
secret. Of whoever had it made it names a third party's token alone, because its links end with it. Nothing of
it is stored but that somebody made one: a link ends by its time, by the file's end, or by a change of the
secret. Who may have one is decided before, and whether a token works is another wing's to say.
"""

import hmac
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core import base64url, clock
from app.core.crypto import Vault
from app.core.errors import NotFound
from app.models.attachment import Attachment
from app.services.platform import audit
from app.services.platform.actor import Actor

_BODY = struct.Struct(">4sB?I16s16s")
_VERSION = 2
_NO_TOKEN = bytes(16)
_MAC_BYTES = 32


class LinkExpired(NotFound):
    """The link was good once, or never: which of the two is not told."""

    code = "link_expired"
    title_zh, title_en = "链接无效或已过期，请重新获取", "The link is not valid or has expired"


@dataclass(frozen=True, slots=True)
class Linked:
    """What a link leads to: a file, or its small picture; and the third party's token that it ends with."""

    attachment: Attachment
    thumbnail: bool
    token_id: UUID | None


async def make(
    session: AsyncSession, *, actor: Actor, vault: Vault, file: Attachment, thumbnail: bool, minutes: int
) -> tuple[str, datetime]:
    """The text of a link, safe in a path, and when it expires; that it was made stands in the audit log."""
    token_id = actor.terms.token_id if actor.terms else None
    link, until = _sign(vault, file.id, thumbnail=thumbnail, minutes=minutes, token_id=token_id)
    await audit.record(
        session,
        action="attachment.link",
        entity="attachment",
        entity_id=file.id,
        actor_id=actor.id,
        data={"thumbnail": thumbnail, "expires_at": until.isoformat()},
    )
    return link, until


async def follow(session: AsyncSession, vault: Vault, *, link: str) -> Linked:
    """What a link leads to; `LinkExpired` for a forged or old one, and when the file is gone."""
    try:
        told = base64url.read(link)
        body, mac = told[:-_MAC_BYTES], told[-_MAC_BYTES:]
        key_id, version, thumbnail, until, raw, token = _BODY.unpack(body)
    except (ValueError, struct.error):
        raise LinkExpired from None
    known = version == _VERSION and vault.knows(key_id)
    if not known or not hmac.compare_digest(mac, vault.sign(body, key_id=key_id)):
        raise LinkExpired
    if datetime.fromtimestamp(until, UTC) <= clock.now():
        raise LinkExpired
    found = await session.get(Attachment, UUID(bytes=raw))
    if found is None:
        raise LinkExpired
    return Linked(found, thumbnail, None if token == _NO_TOKEN else UUID(bytes=token))


def _sign(
    vault: Vault, attachment_id: UUID, *, thumbnail: bool, minutes: int, token_id: UUID | None
) -> tuple[str, datetime]:
    until = (clock.now() + timedelta(minutes=minutes)).replace(microsecond=0)
    token = token_id.bytes if token_id else _NO_TOKEN
    end = int(until.timestamp())
    body = _BODY.pack(vault.key_id, _VERSION, thumbnail, end, attachment_id.bytes, token)
    return base64url.spelt(body + vault.sign(body)), until
