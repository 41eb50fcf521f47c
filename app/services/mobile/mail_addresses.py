"""Where a member's own mail goes: sealed, seen masked by its owner and by nobody else.

A deployment may allow some domains only, so that no message leaves its own mail servers.
"""

from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.config import Settings
from app.core import clock
from app.core.crypto import Vault
from app.core.errors import invalid_field
from app.models.message import MailAddress
from app.schemas.message import MailAddressRead
from app.services.platform import audit
from app.services.platform.actor import Actor


async def read(session: AsyncSession, *, actor: Actor, vault: Vault) -> MailAddressRead:
    """The caller's address, masked."""
    row = await _own(session, actor)
    return MailAddressRead(address=masked(vault.open(row.address_sealed)) if row else None)


async def write(
    session: AsyncSession, *, actor: Actor, address: str, vault: Vault, settings: Settings
) -> MailAddressRead:
    """Set or change the caller's address; a domain that the deployment does not allow is refused."""
    domain = address.rpartition("@")[2].lower()
    if settings.mail_domains and domain not in settings.mail_domains:
        allowed = "、".join(settings.mail_domains)
        raise invalid_field(
            "body.address",
            f"邮箱须属于 {allowed}",
            f"The address must be of {', '.join(settings.mail_domains)}",
        )
    row = await _own(session, actor, lock=True)
    sealed = vault.seal(address)
    if row is None:
        session.add(
            MailAddress(
                member_id=actor.member_id, address_sealed=sealed, created_by=actor.id, updated_by=actor.id
            )
        )
    else:
        row.address_sealed, row.version = sealed, row.version + 1
        row.updated_at, row.updated_by = clock.now(), actor.id
    await session.flush()
    await _note(session, actor, "mail_address.write")
    return MailAddressRead(address=masked(address))


async def remove(session: AsyncSession, *, actor: Actor) -> None:
    """Forget the caller's address; where there is none, nothing happens."""
    row = await _own(session, actor, lock=True)
    if row is not None:
        await session.delete(row)
        await session.flush()
        await _note(session, actor, "mail_address.remove")


def masked(address: str) -> str:
    """`liangjb@town.example` → `l***@town.example`."""
    name, _, domain = address.rpartition("@")
    return f"{name[:1]}***@{domain}"


async def _own(session: AsyncSession, actor: Actor, *, lock: bool = False) -> MailAddress | None:
    statement: Any = select(MailAddress).where(MailAddress.member_id == actor.member_id)
    found: MailAddress | None = await session.scalar(statement.with_for_update() if lock else statement)
    return found


async def _note(session: AsyncSession, actor: Actor, action: str) -> None:
    await audit.record(session, action=action, entity="member", entity_id=actor.member_id, actor_id=actor.id)
