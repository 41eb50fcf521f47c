"""After a change of the deployment secret: every sealed value is sealed anew, in short batches.

Which columns hold sealed values is a table here; a test sees to it that none is missing. Meanwhile values of
both secrets are opened and found, because whoever looks something up asks for all of the vault's indexes.
Run twice, by two at once or cut off, it does the same. Accounts keep no number, only its index: those whose
number is their member's follow here, the others when they sign in.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, inspect, select, tuple_, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.crypto import Vault
from app.core.db import Sessions, transaction
from app.models.access import Account, SigningKey
from app.models.device import PushRegistration
from app.models.exchange import ImportRow
from app.models.message import MailAddress
from app.models.privacy import DataRequest
from app.models.registry import Place, Resident, Room
from app.models.staff import Member
from app.models.ticket import TicketContact
from app.models.webhook import WebhookSubscription

BATCH = 500
Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Sealed:
    """One sealed column of a table, and the blind index beside it, if it has one."""

    sealed: Any
    index: Any = None

    @property
    def key(self) -> tuple[Any, ...]:
        """The columns of the table's primary key."""
        return tuple(inspect(self.sealed.class_).primary_key)


SEALED: tuple[Sealed, ...] = (
    Sealed(Resident.id_sealed, Resident.id_index),
    Sealed(Resident.phone_sealed, Resident.phone_index),
    Sealed(Room.owner_phone_sealed),
    Sealed(Place.contact_phone_sealed),
    Sealed(Member.phone_sealed, Member.phone_index),
    Sealed(TicketContact.phone_sealed, TicketContact.phone_index),
    Sealed(DataRequest.changes_sealed),
    Sealed(ImportRow.original_sealed),
    Sealed(ImportRow.cleaned_sealed),
    Sealed(SigningKey.private_sealed),
    Sealed(MailAddress.address_sealed),
    Sealed(WebhookSubscription.secret_sealed),
    Sealed(WebhookSubscription.former_secret_sealed),
    Sealed(PushRegistration.token_sealed, PushRegistration.token_index),
)


@dataclass(frozen=True, slots=True)
class Resealed:
    """What one run did: values sealed anew, rows whose number is there twice, accounts still to follow."""

    values: int
    twice: int
    accounts_left: int


async def run(sessions: Sessions, *, vault: Vault, leave: Callable[[], bool] = lambda: False) -> Resealed:
    """Seal anew all that another secret than the present one sealed; `leave` ends it after a batch."""
    values = twice = 0
    for column in SEALED:
        after: Key | None = None
        while not leave():
            async with transaction(sessions) as session:
                rows = await _old(session, column, vault, after)
            if not rows:
                break
            after = rows[-1][0]
            done = await _batch(sessions, column, rows, vault)
            values, twice = values + done, twice + len(rows) - done
    async with transaction(sessions) as session:
        left = await _accounts(session, vault)
    return Resealed(values, twice, left)


async def _old(
    session: AsyncSession, column: Sealed, vault: Vault, after: Key | None
) -> list[tuple[Key, bytes]]:
    header = vault.header
    old = func.substring(column.sealed, 1, len(header)) != header
    statement = select(*column.key, column.sealed).where(column.sealed.is_not(None), old)
    if after is not None:
        statement = statement.where(tuple_(*column.key) > tuple_(*after))
    rows = await session.execute(statement.order_by(*column.key).limit(BATCH))
    return [(tuple(key), sealed) for *key, sealed in rows]


async def _batch(sessions: Sessions, column: Sealed, rows: list[tuple[Key, bytes]], vault: Vault) -> int:
    """Seal some rows anew in one transaction; how many. A number that is there twice is left as it is."""
    done = 0
    async with transaction(sessions) as session:
        for key, sealed in rows:
            text = vault.open(sealed)
            values = {column.sealed.key: vault.seal(text)}
            if column.index is not None:
                values[column.index.key] = vault.index(text)
            # Only what is still as it was read: somebody may have changed or erased it meanwhile.
            same = update(column.sealed.class_).where(
                tuple_(*column.key) == tuple_(*key), column.sealed == sealed
            )
            try:
                async with session.begin_nested():
                    await session.execute(same.values(values).execution_options(synchronize_session=False))
            except IntegrityError:
                continue
            done += 1
    return done


async def _accounts(session: AsyncSession, vault: Vault) -> int:
    """Let the accounts follow whose number is their member's; how many others a rotation leaves behind."""
    if not vault.rotating:
        return 0
    rows = await session.execute(
        select(Account.id, Account.phone_index, Member.phone_sealed)
        .join(Member, Member.id == Account.member_id)
        .where(Account.phone_index.is_not(None), Member.phone_index.is_distinct_from(Account.phone_index))
    )
    left = 0
    for account_id, index, sealed in rows.all():
        known = vault.indexes(vault.open(sealed)) if sealed else []
        if index in known:
            await _follow(session, account_id, known[0])
        else:
            left += 1
    return left


async def _follow(session: AsyncSession, account_id: UUID, index: bytes) -> None:
    await session.execute(
        update(Account)
        .where(Account.id == account_id)
        .values(phone_index=index)
        .execution_options(synchronize_session=False)
    )
