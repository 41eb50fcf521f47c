"""The demo from nothing: database, schema, town, figures, API, worker, tickets round the loop; it serves.

Everything that it starts ends with it, in whatever way it ends. It always works on the embedded server in
its data folder, never on a deployment's database. What is shown is `billboard`'s, what the people do is
`tour`'s, `register`'s, `hotline`'s and `offline`'s, what of it stands on the wall is `wall`'s, what the town
holds is `loader`'s.
"""

import asyncio
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr
from sqlalchemy import text

from app.config import Settings
from app.core import clock, logging
from app.core.crypto import Vault
from app.core.db import create_engine
from app.core.embedded import EmbeddedPostgres
from app.core.files import FileStore
from app.core.processes import Supervisor
from app.core.schema import ROOT
from app.demo import hotline, loader, offline, photos, register, tour, wall
from app.demo.billboard import Billboard, Report, console
from app.demo.folder import Folder, claimed
from app.demo.people import Account, People, client_for
from app.demo.scale import Scale
from app.demo.stories import HEARD, LONG_ROAD, MAIN_ROAD
from app.models.enums import Role
from app.models.enums.measure import Measure
from app.runtime import databases, figures, guards, provision
from app.runtime.databases import Database
from app.runtime.failures import CommandFailed
from app.services.stats.rebuilding import Progress

HOST = "127.0.0.1"
READY_SECONDS = 60
POLL_SECONDS = 0.1
WATCH_SECONDS = 0.5
DAYS = 366


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the caller asked for; scale and seed count only while the database is empty."""

    port: int
    data: Path
    scale: Scale
    seed: int
    leave: bool = False


def run(wanted: Wanted) -> None:
    """Run the demo until SIGINT or SIGTERM, or until the tour is over; raises what an operator can cure."""
    started = time.monotonic()
    # Its own notes are not for whoever looks on; those of the servers stand in files.
    logging.configure("ERROR")
    guards.leave_on_signals()
    board = Billboard(console())
    board.title("Wangge 网格：发现上报 → 分类推送 → 协调处理 → 跟踪回访 → 评价结案")
    with claimed(wanted.data) as folder:
        guards.refuse_port(HOST, wanted.port)
        settings = _settings(wanted, folder)
        server = databases.embedded(settings)
        with _started(server, board) as database, Supervisor() as children:
            _prepare(database, wanted, settings, folder, board)
            with client_for(f"http://{HOST}:{wanted.port}") as client:
                # The worker comes second: together they would take turns to import on two cores.
                _start(children, "API 服务", "serve", _environment(settings, database), folder)
                _wait_until_ready(client, children)
                board.serving(time.monotonic() - started)
                _start(children, "后台任务", "worker", _environment(settings, database), folder)
                _show(client, folder, board)
            if not wanted.leave:
                board.waiting()
            _watch(server, children, until_signal=not wanted.leave)


def _settings(wanted: Wanted, folder: Folder) -> Settings:
    return Settings(
        _env_file=None,
        environment="dev",
        data_dir=folder.path,
        database_url=None,
        owner_database_url=None,
        secret_key=SecretStr(folder.secret()),
        host=HOST,
        port=wanted.port,
    )


@contextmanager
def _started(server: EmbeddedPostgres, board: Billboard) -> Iterator[Database]:
    with board.doing("启动 PostgreSQL"):
        server.start()
    try:
        yield databases.of_server(server)
    finally:
        server.stop()


def _prepare(
    database: Database, wanted: Wanted, settings: Settings, folder: Folder, board: Billboard
) -> None:
    """Schema, seeds, in an empty database the town, its figures; `demo.json` with this run's address."""
    owner = database.require_owner()
    with board.doing("建表并补齐工作日历与事件类别"):
        provision.migrate(owner)
    summary: dict[str, Any] | None = folder.read_summary()
    if asyncio.run(_is_empty(owner)):
        with board.loading(f"生成演示数据（{wanted.scale.value}）") as report:
            vault = Vault(*settings.secrets)
            dsn = databases.for_asyncpg(owner)
            asyncio.run(photos.place(FileStore(settings.files)))
            made = asyncio.run(
                loader.load(dsn, scale=wanted.scale, seed=wanted.seed, vault=vault, progress=report)
            )
        summary = {"accounts": made.accounts, "tokens": made.tokens}
    elif summary is None:
        raise CommandFailed(
            f"{folder.summary} 不见了，已有数据的登录密码无从得知：请清空 {folder.path} 重新开始"
        )
    else:
        board.note(f"沿用 {folder.path} 中已有的数据（SCALE 只在第一次有效）")
    with board.loading("汇总统计数据") as report:
        asyncio.run(figures.build_wanted(database.app_url, tell=lambda progress: _built(report, progress)))
    folder.write_summary({**summary, "base_url": f"http://{HOST}:{wanted.port}"})


def _built(report: Report, progress: Progress) -> None:
    """One bar for the records, and one for the days of the year that are added up after them."""
    report("工单和走访", progress.done, max(progress.whole, progress.done))
    if progress.day is not None:
        report("逐日合计", DAYS - max((clock.today() - progress.day).days, 0), DAYS)


async def _is_empty(owner_url: str) -> bool:
    engine = create_engine(owner_url, pool_size=1, name="wangge-demo")
    try:
        async with engine.connect() as connection:
            return not await connection.scalar(text("SELECT EXISTS (SELECT FROM area)"))
    finally:
        await engine.dispose()


def _environment(settings: Settings, database: Database) -> dict[str, str]:
    return {
        "PYTHONPATH": str(ROOT),
        "WANGGE_ENVIRONMENT": settings.environment,
        "WANGGE_DATA_DIR": str(settings.data_dir),
        "WANGGE_DATABASE_URL": database.app_url,
        "WANGGE_SECRET_KEY": settings.secret_key.get_secret_value(),
        "WANGGE_HOST": settings.host,
        "WANGGE_PORT": str(settings.port),
        # The hotline of the demo receives its webhooks on this machine.
        "WANGGE_WEBHOOK_NETWORKS": "127.0.0.0/8",
    }


def _start(
    children: Supervisor, name: str, command: str, environment: dict[str, str], folder: Folder
) -> None:
    program = [sys.executable, "-m", "app", command]
    children.start(program, name=name, log_path=folder.logs / f"{command}.log", env=environment)


def _wait_until_ready(client: httpx.Client, children: Supervisor) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        end = children.ended()
        if end is not None:
            raise CommandFailed(str(end))
        try:
            if client.get("/readyz").is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(POLL_SECONDS)
    raise CommandFailed(f"API 服务在 {READY_SECONDS} 秒内没有就绪")


def _show(client: httpx.Client, folder: Folder, board: Billboard) -> None:
    summary = folder.read_summary() or {}
    accounts = [Account.of(row) for row in summary["accounts"]]
    people = People(client, accounts)
    screen = wall.hang(people, client, summary.get("screen"))
    folder.write_summary({**summary, "screen": screen.token})
    board.wall(screen.address)
    before = screen.tickets()
    toured, phoned = _tours(people, folder, board)
    next_step = tour.leave_one_open(people)
    closed = frozenset(one.ticket_id for one in toured)
    reported = closed | {*phoned, next_step.ticket_id}
    board.done(screen.moved(before, {Measure.REPORTED: reported, Measure.CLOSED: closed}))
    board.addresses(summary["base_url"], screen.address, str(folder.summary))
    board.sign_ins(accounts)
    board.curl(summary["base_url"], next_step)


def _tours(people: People, folder: Folder, board: Billboard) -> tuple[list[tour.Toured], Sequence[str]]:
    """Every tour; the tickets that went round the loop, and those that a phone reported."""
    toured = []
    for story in (MAIN_ROAD, LONG_ROAD):
        board.tour(story.heading)
        toured.append(tour.walk(people, story, board.step))
        board.closed(toured[-1])
    toured.append(_show_registry(people, folder, board))
    board.closed(toured[-1])
    board.tour(hotline.HEADING)
    toured.append(hotline.call(people, board.told))
    board.done(f"工单 {toured[-1].number} 已结案，{toured[-1].steps} 条推送的签名都核对无误")
    board.tour("手机没有网络也能上报：先记在手机里，从很差的网络回来，两边对得上")
    agreed = offline.come_back(people.first(Role.GRID_WORKER), folder.path / "手机.sqlite", board.told)
    board.done(agreed.words)
    return toured, agreed.ids


def _show_registry(people: People, folder: Folder, board: Billboard) -> tour.Toured:
    """A household on the chain, its village's ledger, a visit, and what was heard there round the loop."""
    worker, keeper = people.first(Role.GRID_WORKER), people.first(Role.VILLAGE_ADMIN)
    board.tour("一户人家上图：人进户、户进房、房进楼、楼进格")
    home = register.settle(worker, board.told)
    board.tour("一份台账：先试读，改好再导入")
    register.take_ledger(keeper, worker.account.area_code, folder.path, board.told)
    board.tour(f"入户走访：{HEARD.heading}")
    ticket_id = register.visit(worker, home, board.told)
    return tour.walk(people, HEARD, board.step, reported=ticket_id)


def _watch(server: EmbeddedPostgres, children: Supervisor, *, until_signal: bool) -> None:
    """A database that died is started again; a child that ended ends the demo with its last words."""
    while True:
        end = children.ended()
        if end is not None:
            raise CommandFailed(str(end))
        if not until_signal:
            return
        if server.pid is None:
            server.start()
        time.sleep(WATCH_SECONDS)
