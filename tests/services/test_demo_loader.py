"""The demo that is loaded: as much as was promised, as the service would have written it, about nobody."""

import asyncio
import hashlib
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
from asyncpg import Connection

from app.core import media_types
from app.core.crypto import Vault, hash_token, verify_password
from app.core.files import FileStore
from app.core.pinyin import spellings
from app.demo import loader, photos
from app.demo.content.identity import RESIDENT_SEGMENT, STAFF_SEGMENT
from app.demo.history import writing
from app.demo.scale import SIZES, Scale
from app.demo.summary import DEMO_PASSWORD, DemoSummary
from app.demo.town.rules import AUTO_DISPATCHED
from app.models.enums import Role, Status
from app.runtime import databases, provision
from app.runtime.failures import CommandFailed
from app.services.access import actors
from app.services.tickets.policies import SELF_RESOLVED
from tests.support import replay
from tests.support.database import EMPTY, Database, Server
from tests.support.settings import SECRET

NOW = datetime(2026, 11, 20, 7, 30, tzinfo=UTC)
SEED, MORE = 7, 60
SIZE = SIZES[Scale.VILLAGE]
VAULT = Vault(SECRET)
NUMBERS = r"(^|[^0-9])(1[3-9][0-9]{9}|[1-9][0-9]{16}[0-9X])([^0-9]|$)"


@pytest.fixture(scope="module")
async def empty(server: Server) -> AsyncIterator[Database]:
    """A migrated and seeded database with nothing else in it, to be cloned."""
    found = await server.create("demo_empty", EMPTY)
    await asyncio.to_thread(provision.migrate, found.owner_url)
    yield found
    await server.drop(found.name)


@asynccontextmanager
async def village(server: Server, empty: Database, name: str) -> AsyncIterator[tuple[Database, DemoSummary]]:
    """A database with the demo village."""
    database = await server.create(name, empty.name)
    summary = await loader.load(
        dsn(database), scale=Scale.VILLAGE, seed=SEED, vault=VAULT, progress=ignore, now=NOW
    )
    yield database, summary
    await server.drop(database.name)


@pytest.fixture(scope="module")
async def loaded(server: Server, empty: Database) -> AsyncIterator[tuple[Database, DemoSummary]]:
    """The demo village, loaded once for all tests."""
    async with village(server, empty, "demo_village") as made:
        yield made


@pytest.fixture(scope="module")
def summary(loaded: tuple[Database, DemoSummary]) -> DemoSummary:
    """What the loader said of it."""
    return loaded[1]


@pytest.fixture(scope="module")
async def demo(loaded: tuple[Database, DemoSummary]) -> AsyncIterator[Connection]:
    """A connection to it."""
    connection = await asyncpg.connect(dsn(loaded[0]))
    yield connection
    await connection.close()


def dsn(database: Database) -> str:
    return databases.for_asyncpg(database.owner_url)


def ignore(_what: str, _done: int, _total: int) -> None:
    """Nobody watches the progress."""


async def test_the_village_has_what_its_scale_promises(demo: Connection, summary: DemoSummary) -> None:
    counts = summary.counts
    assert (counts["household"], counts["ticket"], counts["member"]) == (
        SIZE.households,
        SIZE.tickets,
        SIZE.members,
    )
    for table, count in counts.items():
        assert await demo.fetchval(f"SELECT count(*) FROM {table}") == count, table  # noqa: S608
    employed = Counter(row["employment"] for row in await demo.fetch("SELECT employment FROM member"))
    assert employed["full_time"] == SIZE.full_time
    grids = "SELECT count(*) FROM area WHERE level = 'grid' AND is_synthetic AND boundary IS NOT NULL"
    assert await demo.fetchval(grids) == SIZE.grids


async def test_everybody_is_spelled_as_search_expects(demo: Connection) -> None:
    people = await demo.fetch("SELECT DISTINCT name, spellings FROM resident")
    assert len(people) > SIZE.households // 2
    assert all(row["spellings"] == spellings(row["name"]) for row in people)


async def test_every_ticket_is_what_the_service_would_have_made_of_its_timeline(
    demo: Connection,
) -> None:
    archive, days = await replay.read(demo), await writing.deadlines_of(demo)
    for ticket in archive.tickets:
        replay.Replay(archive, ticket, days, NOW).check()
    assert len(archive.tickets) == SIZE.tickets
    actions = {event["action"] for events in archive.events.values() for event in events}
    assert {"decline", "approve_decline", "rework", "void", "reject", "submit", "reroute"} <= actions
    assert "self_resolve" in actions


async def test_tickets_stand_at_every_status_and_most_are_closed(demo: Connection) -> None:
    found = Counter(row["status"] for row in await demo.fetch("SELECT status FROM ticket"))
    assert set(found) == set(Status)
    assert 0.88 < found["closed"] / SIZE.tickets < 0.96


async def test_nothing_happens_after_now_or_more_than_a_year_ago(demo: Connection) -> None:
    ages = [NOW - row["at"] for row in await demo.fetch("SELECT at FROM ticket_event")]
    assert timedelta() <= min(ages) < timedelta(days=3)
    assert timedelta(days=300) < max(ages) <= timedelta(days=365)


async def test_numbers_follow_the_reports_and_the_sequence_goes_on_after_them(demo: Connection) -> None:
    rows = await demo.fetch("SELECT no, reported_at FROM ticket ORDER BY reported_at")
    numbers = [int(row["no"].partition("-")[2]) for row in rows]
    assert numbers == list(range(1, SIZE.tickets + 1))
    assert all(re.fullmatch(r"WG20\d{6}-\d{6}", row["no"]) for row in rows)
    assert await demo.fetchval("SELECT last_value FROM ticket_no_seq") == SIZE.tickets


async def test_everybody_lives_in_one_household_and_it_lies_in_one_grid(demo: Connection) -> None:
    homeless = """
        SELECT count(*) FROM resident WHERE 1 <> (
            SELECT count(*) FROM household_member
            WHERE resident_id = resident.id AND valid_to IS NULL AND valid_from >= resident.birth_on)
    """
    headless = """
        SELECT count(*) FROM household WHERE 1 <> (
            SELECT count(*) FROM household_member WHERE household_id = household.id AND is_head)
        OR member_count <> (SELECT count(*) FROM household_member WHERE household_id = household.id)
    """
    astray = """
        SELECT count(*) FROM household
        JOIN area AS grid ON grid.id = household.grid_id
        WHERE grid.level <> 'grid' OR household.area_id <> grid.id OR household.village_id <> grid.parent_id
            OR NOT grid.path @> ARRAY[household.town_id]
    """
    assert await demo.fetchval("SELECT count(*) FROM resident") > 3 * SIZE.households
    for wrong in (homeless, headless, astray):
        assert await demo.fetchval(wrong) == 0
    assert await demo.fetchval("SELECT count(DISTINCT address) FROM household") == SIZE.households


async def test_people_and_places_have_chinese_names(demo: Connection) -> None:
    for table in ("resident", "member", "area", "org", "ticket_contact"):
        names = [row["name"] for row in await demo.fetch(f"SELECT name FROM {table}")]  # noqa: S608
        assert all(re.search(r"[\u4e00-\u9fff]", name) for name in names), table
        assert not any(re.search(r"[A-Za-z]", name) for name in names), table


async def test_numbers_of_people_stand_nowhere_in_the_clear(demo: Connection) -> None:
    columns = await demo.fetch(
        "SELECT table_name, column_name FROM information_schema.columns "
        "WHERE table_schema = 'public' AND data_type = 'text'"
    )
    for table, column in columns:
        found = f"SELECT count(*) FROM {table} WHERE {column} ~ $1"  # noqa: S608
        assert await demo.fetchval(found, NUMBERS) == 0, f"{table}.{column}"


async def test_sealed_numbers_open_and_belong_to_nobody(demo: Connection) -> None:
    for row in await demo.fetch("SELECT * FROM resident WHERE id_sealed IS NOT NULL LIMIT 50"):
        number = VAULT.open(row["id_sealed"])
        assert (VAULT.index(number), number[-4:]) == (row["id_index"], row["id_last4"])
        assert number[4:6] == "99"
    for table, segment in (("resident", RESIDENT_SEGMENT), ("member", STAFF_SEGMENT)):
        sealed = f"SELECT phone_sealed FROM {table} WHERE phone_sealed IS NOT NULL LIMIT 50"  # noqa: S608
        assert all(VAULT.open(row[0]).startswith(segment) for row in await demo.fetch(sealed))
    callers = "SELECT count(*) FROM ticket_contact JOIN resident ON resident.id = resident_id "
    same = "WHERE ticket_contact.phone_index = resident.phone_index AND ticket_contact.name = resident.name"
    assert await demo.fetchval(callers + same) == await demo.fetchval("SELECT count(*) FROM ticket_contact")


async def test_there_is_somebody_of_every_role_who_can_sign_in(
    demo: Connection, summary: DemoSummary
) -> None:
    roles = Counter(person.role for person in summary.people)
    assert roles == Counter(
        {
            **dict.fromkeys(set(Role) - {Role.API_CLIENT, Role.RESIDENT, Role.SYSTEM}, 1),
            **dict.fromkeys((Role.DISPATCHER, Role.DEPT_HANDLER), 2),
        }
    )
    for person in summary.people:
        found = await demo.fetch(
            "SELECT role, status, must_change_password FROM account JOIN post USING (member_id) "
            "WHERE username = $1 AND valid_to IS NULL",
            person.username,
        )
        assert [tuple(row) for row in found] == [(person.role, "active", False)]
    hashes = await demo.fetch("SELECT DISTINCT password_hash FROM account")
    assert [verify_password(DEMO_PASSWORD, row[0]) for row in hashes] == [True]


async def test_rules_send_tickets_to_who_handled_them_before(demo: Connection) -> None:
    astray = """
        SELECT count(*) FROM routing_rule AS rule JOIN org ON org.id = rule.org_id
        WHERE rule.area_id <> org.area_id OR org.line IS NULL
    """
    assert await demo.fetchval(astray) == 0
    usual = """
        SELECT avg((ticket.lead_org_id = rule.org_id)::int) FROM ticket
        JOIN routing_rule AS rule ON rule.category_code = ticket.category_code AND rule.area_id = town_id
        WHERE ticket.lead_org_id IS NOT NULL
    """
    assert await demo.fetchval(usual) > 0.85
    alone = await demo.fetch("SELECT code FROM category WHERE auto_dispatch ORDER BY code")
    assert [row["code"] for row in alone] == list(AUTO_DISPATCHED)
    unruled = """
        SELECT count(*) FROM category WHERE auto_dispatch AND NOT EXISTS (
            SELECT FROM routing_rule WHERE category_code = category.code)
    """
    assert await demo.fetchval(unruled) == 0


async def test_what_nobody_need_route_was_dispatched_by_the_system_as_soon_as_it_was_accepted(
    demo: Connection,
) -> None:
    next_steps = """
        SELECT next.action, next.actor_role, next.at - accepted.at AS after
        FROM ticket_event AS accepted
        JOIN ticket ON ticket.id = accepted.ticket_id
        JOIN category ON category.code = ticket.category_code AND category.auto_dispatch
        JOIN ticket_event AS next ON next.ticket_id = ticket.id AND next.seq = accepted.seq + 1
        WHERE accepted.action = 'accept'
    """
    found = await demo.fetch(next_steps)
    assert len(found) > 10
    assert {(row["action"], row["actor_role"]) for row in found} == {("dispatch", "system")}
    assert max(row["after"] for row in found) < timedelta(seconds=1)


async def test_small_things_are_mended_on_the_spot_and_the_photos_of_it_are_in_the_store(
    demo: Connection, tmp_path: Path
) -> None:
    mended = await demo.fetch("SELECT * FROM ticket WHERE rectify_mode = 'immediate'")
    assert 0.02 < len(mended) / SIZE.tickets < 0.15
    assert {row["status"] for row in mended} == {"closed"}
    exempt = [row for row in mended if row["revisit_state"] == "exempt"]
    assert {row["exempt_policy"] for row in exempt} == {SELF_RESOLVED}
    assert 0.5 < len(exempt) / len(mended) < 1
    files = FileStore(tmp_path)
    for _ in range(2):
        await photos.place(files)
    shown = await demo.fetch("SELECT object_key, sha256, size FROM attachment")
    assert len(shown) == 2 * len(mended)
    for row in shown:
        content = (tmp_path / row["object_key"]).read_bytes()
        assert media_types.sniff(content) == photos.MIME
        assert (hashlib.sha256(content).digest(), len(content)) == (row["sha256"], row["size"])


async def test_the_third_party_can_use_its_token(
    loaded: tuple[Database, DemoSummary], demo: Connection
) -> None:
    token = loaded[1].token.token
    key, secret = actors.split(token)
    stored = await demo.fetchval("SELECT secret_hash FROM api_token WHERE key = $1", key)
    assert token.startswith("wg_")
    assert stored == hash_token(secret)


async def test_two_loads_of_a_seed_differ_in_secrets_only(
    server: Server, empty: Database, loaded: tuple[Database, DemoSummary], demo: Connection
) -> None:
    async with village(server, empty, "demo_again") as (database, _):
        again = await asyncpg.connect(dsn(database))
        for table in loaded[1].counts:
            assert await fingerprint(demo, table) == await fingerprint(again, table), table
        await again.close()


async def fingerprint(connection: Connection, table: str) -> str:
    own = ["phone_sealed", "id_sealed", "password_hash", "key", "secret_hash", "txid"]
    found = (
        f"SELECT md5(string_agg(row, '|' ORDER BY row)) FROM (SELECT (to_jsonb({table}) - $1::text[])::text "  # noqa: S608
        f"AS row FROM {table}) AS rows"
    )
    mark: str = await connection.fetchval(found, own)
    return mark


async def test_indexes_and_references_are_as_the_migrations_made_them(
    demo: Connection, empty: Database
) -> None:
    indexes = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1"
    references = "SELECT conname, pg_get_constraintdef(oid), convalidated FROM pg_constraint ORDER BY 1"
    untouched = await asyncpg.connect(dsn(empty))
    for catalogue in (indexes, references):
        assert await demo.fetch(catalogue) == await untouched.fetch(catalogue)
    await untouched.close()


async def test_the_log_begins_with_live_use(demo: Connection) -> None:
    assert await demo.fetchval("SELECT count(*) FROM outbox") == 0


async def test_a_database_with_areas_is_not_loaded_into(
    loaded: tuple[Database, DemoSummary], demo: Connection
) -> None:
    with pytest.raises(CommandFailed, match="空的数据库"):
        await loader.load(dsn(loaded[0]), scale=Scale.TOWN, seed=1, vault=VAULT, progress=ignore)
    assert await demo.fetchval("SELECT count(*) FROM ticket") == SIZE.tickets


async def test_more_tickets_can_be_added_and_fit_in(server: Server, empty: Database) -> None:
    async with village(server, empty, "demo_more") as (database, _):
        await loader.load_tickets(dsn(database), count=MORE, seed=SEED + 1, progress=ignore, now=NOW)
        connection = await asyncpg.connect(dsn(database))
        archive, days = await replay.read(connection), await writing.deadlines_of(connection)
        added = [ticket for ticket in archive.tickets if int(ticket["no"].partition("-")[2]) > SIZE.tickets]
        for ticket in added:
            replay.Replay(archive, ticket, days, NOW).check()
        assert (len(added), len(archive.tickets)) == (MORE, SIZE.tickets + MORE)
        assert await connection.fetchval("SELECT last_value FROM ticket_no_seq") == SIZE.tickets + MORE
        await connection.close()
