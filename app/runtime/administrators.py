"""The first administrator, from the command line, checked as the wire would check."""

from pydantic import TypeAdapter, ValidationError

from app.core.db import create_engine, create_sessions, transaction
from app.runtime.failures import CommandFailed
from app.schemas.types import Name, Username
from app.services.access import first_admin
from app.services.access.first_admin import FirstAdmin

_USERNAME: TypeAdapter[str] = TypeAdapter(Username)
_NAME: TypeAdapter[str] = TypeAdapter(Name)


async def create(url: str, *, username: str, name: str, password: str | None) -> FirstAdmin:
    """Make a system administrator; `CommandFailed` or a `Problem` says what is wrong with the choice."""
    checked = _checked(_USERNAME, username, "账号须以字母开头，由 3–32 位字母、数字、点、横线或下划线组成")
    called = _checked(_NAME, name, "姓名须为 1–30 个字")
    engine = create_engine(url, pool_size=1, name="wangge-cli")
    try:
        async with transaction(create_sessions(engine)) as session:
            return await first_admin.create(session, username=checked, name=called, password=password)
    finally:
        await engine.dispose()


def _checked(rule: TypeAdapter[str], value: str, otherwise: str) -> str:
    try:
        return rule.validate_python(value)
    except ValidationError as wrong:
        raise CommandFailed(otherwise) from wrong
