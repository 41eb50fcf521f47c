"""Wire shapes of accounts; hashes, indexes and numbers never leave."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from app.models.enums import AccountStatus
from app.schemas.folding import Mobile
from app.schemas.patch import Patch, untouched
from app.schemas.types import Input, Output, Ref, Username


class AccountCreate(Input):
    """An account for a member; `phone` lets them sign in by mobile number too."""

    member_id: UUID
    username: Username
    phone: Mobile | None = Field(default=None, repr=False)


class AccountPatch(Patch):
    """What may change of an account; `phone: null` unbinds the number."""

    username: Username = untouched()
    phone: Mobile | None = Field(default=None, repr=False)
    status: AccountStatus = untouched()


class AccountRead(Output):
    """An account; `locked` says whether too many wrong passwords lock it just now."""

    id: UUID
    member: Ref
    username: str
    phone_bound: bool
    status: AccountStatus
    must_change_password: bool
    locked: bool
    last_login_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int


class InitialPassword(Output):
    """A password to hand over; shown this once and to be changed at the first sign-in."""

    account_id: UUID
    username: str
    initial_password: str = Field(repr=False)
