"""The demo as a newcomer runs it: from nothing, again on the same data, and ended in every way."""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from app.core.schema import ROOT
from app.models.enums import Role

FIRST_RUN_SECONDS = 240
PATIENCE = 60.0
SECOND_TOUR, THIRD_TOUR, PHONE = "一件难办的工单", "一户人家上图", "手机没有网络也能上报"
HOTLINE = "12345 热线用令牌推送一件工单"
CHAIN = ("格：广东省", "楼：月桂楼", "房：月桂路", "户：H", "人：霍*华")
TURNS = (
    *("申请退单", "同意退单", "签收", "申请挂起", "同意挂起", "恢复办理", "上报研处", "研处决定"),
    *("办结反馈", "回访", "返工", "办结反馈", "回访", "评价", "结案"),
)
STEPS = ("发现上报", "分类推送", "协调处理", "跟踪回访", "评价结案")


@dataclass(frozen=True)
class Town:
    """A data folder that a first demo has filled, the port it used, and what it printed."""

    folder: Path
    port: int
    printed: str

    @property
    def summary(self) -> dict[str, Any]:
        """What `demo.json` says."""
        found: dict[str, Any] = json.loads((self.folder / "demo.json").read_text())
        return found


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    folder, port = tmp_path_factory.mktemp("demo") / "data of the demo", free_port()
    ended = subprocess.run(
        command(folder, port, "--scale", "village", "--exit"),
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=FIRST_RUN_SECONDS,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return Town(folder, port, ended.stdout)


def command(folder: Path, port: int, *options: str) -> list[str]:
    return [sys.executable, "-m", "app", "demo", "--data", str(folder), "--port", str(port), *options]


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WANGGE_")}
    # A real database in the surroundings must not be touched by a demo.
    return {**kept, "PYTHONUTF8": "1", "WANGGE_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/precious"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.05)


def on_the_wall(town: Town, measure: str, since: datetime) -> dict[str, str]:
    """The tickets reported since then that a figure of the screen counts: their numbers by their ids."""
    found: dict[str, str] = {}
    query = {"measure": measure, "period": "last_7_days", "limit": "100"}
    bearer = {"Authorization": f"Bearer {town.summary['screen']}"}
    with httpx.Client(base_url=town.summary["base_url"], headers=bearer, trust_env=False) as client:
        while True:
            page = client.get("/v1/stats/counted", params=query).raise_for_status().json()
            for ticket in page["items"]:
                if datetime.fromisoformat(ticket["reported_at"]) >= since:
                    found[ticket["id"]] = ticket["no"]
            if page["next_cursor"] is None:
                return found
            query["cursor"] = page["next_cursor"]


@contextmanager
def running(
    town: Town, told: Callable[[str], None] = lambda _line: None
) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """A further demo on the town's data, once it says how to stop it; and what it printed until then.

    Each line is `told` when it is printed.
    """
    process = subprocess.Popen(
        command(town.folder, town.port),
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    printed = ""
    try:
        for line in process.stdout:
            printed += line
            told(line)
            if "Ctrl-C" in line:
                break
        assert process.poll() is None, printed
        yield process, printed
    finally:
        process.kill()
        process.communicate()


def started_by(process: "subprocess.Popen[str]", town: Town) -> list[psutil.Process]:
    """The processes of a demo: its children, theirs, and the database server on its folder."""
    return psutil.Process(process.pid).children(recursive=True) + [
        found for found in psutil.process_iter() if str(town.folder) in " ".join(words(found))
    ]


def words(process: psutil.Process) -> list[str]:
    try:
        return [] if process.pid == os.getpid() else process.cmdline()[1:]
    except psutil.Error:
        return []


def test_one_ticket_goes_round_the_loop_with_five_people(town: Town) -> None:
    tour = town.printed.partition(SECOND_TOUR)[0]
    positions = [tour.find(f"第 {number} 步　{name}") for number, name in enumerate(STEPS, 1)]
    assert -1 not in positions
    assert positions == sorted(positions)
    assert "由 5 人走完五步，已结案" in tour
    assert tour.count("时限按时") >= len(STEPS)


def test_another_is_declined_suspended_escalated_and_reworked_before_it_is_closed(town: Town) -> None:
    tour = town.printed.partition(SECOND_TOUR)[2].partition(THIRD_TOUR)[0]
    taken = re.findall(r"^  \S+ (\S+?)：", tour, re.MULTILINE)
    assert [label for label in taken if label in TURNS] == list(TURNS)
    assert "  系统 派单：已受理待推送 → 已推送待签收　九江环境卫生管理所" in tour
    assert "环卫只负责水面保洁" in tour
    assert tour.count("九江城建和水利办公室") == 2, "named when it is declined, and where it then goes"
    assert "⏱ 暂停" in tour
    assert "⏱ 恢复" in tour
    assert tour.count("✉ 通知反映人") == len(["受理", "办结反馈", "办结反馈", "结案"])
    assert re.search(r"由 \d 人走完五步，已结案\n  流转记录 \d+ 条，前后相接", tour)


def test_a_household_comes_on_the_map_with_the_whole_chain(town: Town) -> None:
    tour = town.printed.partition(THIRD_TOUR)[2]
    positions = [tour.find(link) for link in CHAIN]
    assert -1 not in positions
    assert positions == sorted(positions)


def test_a_messy_ledger_is_imported_once_its_three_mistakes_are_mended(town: Town) -> None:
    tour = town.printed.partition(THIRD_TOUR)[2]
    assert "试读 住户台账.xlsx：5 行，3 处错误，什么也没有写入" in tour
    for row, column in ((6, "公民身份号码"), (7, "出生日期"), (8, "联系电话")):
        assert f"第 {row} 行 {column}：" in tour
    assert "改好再导：5 人，新增 2 户，更新 0 户，未变 0 户" in tour
    kept = {path.name for path in town.folder.glob("*.xlsx")}
    assert kept == {"住户台账.xlsx", "住户台账-错误.xlsx", "住户台账-已改.xlsx"}


def test_a_hotline_sends_a_ticket_by_token_and_its_own_receiver_hears_of_the_five_steps(town: Town) -> None:
    tour = town.printed.partition(HOTLINE)[2].partition(PHONE)[0]
    assert re.search(r"热线推送 DH\d+：201，工单 \S+，类别 HJWS-LJ-02 对应暴露垃圾", tour)
    assert "再推一次：200，还是同一件" in tour
    heard = re.findall(r"✉ 第 (\d) 步　(\S+?)：\S+，热线记为“\S+”　签名已核对", tour)
    assert list(dict.fromkeys(heard)) == [(str(number), name) for number, name in enumerate(STEPS, 1)]
    assert "公开答复“后巷垃圾已清运，夜间有人巡查。”" in tour
    assert re.search(rf"工单 \S+ 已结案，{len(heard)} 条推送的签名都核对无误", tour)


def test_what_is_heard_at_a_visit_goes_round_the_loop(town: Town) -> None:
    tour = town.printed.partition(THIRD_TOUR)[2]
    told = re.search(r"入户 25 分钟，距住址 \d+ 米，算一次有效走访\n(?:.*\n)*?  转为工单 (\S+)\n", tour)
    assert told
    assert f"✓ 工单 {told[1]} 由 5 人走完五步，已结案" in tour


def test_a_phone_reports_without_a_network_and_both_sides_show_the_same(town: Town) -> None:
    tour = town.printed.partition(PHONE)[2]
    assert "再开机，队列里还是 3 条操作、2 张照片" in tour
    for blow in ("途中丢失", "只送到一半", "办成但回执丢失", "重复送达", "晚到乱序"):
        assert re.search(rf"网络很差：.*{blow} [1-9]\d* 次", tour), blow
    phone = re.findall(r"^    手机　　(\S+　.+)$", tour, re.MULTILINE)
    server = re.findall(r"^    服务器　(\S+　.+)$", tour, re.MULTILINE)
    assert phone == server
    assert len({line.split("　")[0] for line in phone}) == 3, "three numbers"
    assert [line.split("　")[2:] for line in phone] == [
        ["已上报待受理", f"照片 {count} 张"] for count in (1, 1, 0)
    ]
    assert "✓ 手机与服务器一致：3 件工单各只有一件，2 张照片" in tour


def test_it_tells_where_everything_is_and_how_to_sign_in(town: Town) -> None:
    base_url = f"http://127.0.0.1:{town.port}"
    for address in (f"{base_url}/docs", f"{base_url}/readyz", str(town.folder / "demo.json")):
        assert address in town.printed
    for account in town.summary["accounts"]:
        assert account["username"] in town.printed


def test_the_wall_is_ready_before_the_tours_and_shows_what_they_did(town: Town) -> None:
    address = f"http://127.0.0.1:{town.port}/dashboard#token={town.summary['screen']}&screen=command"
    assert town.printed.count(address) == 2
    assert town.printed.index("汇总统计数据") < town.printed.index(address) < town.printed.index("第 1 步")
    moved = re.search(r"今日上报 (\d+) → (\d+)，多出的正是巡览所报的 8 件；", town.printed)
    assert moved
    assert int(moved[2]) - int(moved[1]) == 8


def test_the_wall_moves_while_the_tours_run_by_exactly_what_they_do(town: Town) -> None:
    begun, token, closed = datetime.now(UTC), town.summary["screen"], []

    def told(line: str) -> None:
        """A ticket that was closed is on the wall while the tours go on."""
        if done := re.match(r"✓ 工单 (\S+) (由|已结案)", line):
            until(lambda: done[1] in on_the_wall(town, "closed", begun).values())
            closed.append(done[1])

    with running(town, told) as (_, printed):
        left = re.search(r"/v1/tickets/(\S+)/actions", printed)
        assert left
        reported = on_the_wall(town, "reported", begun)
        phoned = re.findall(r"^    服务器　(\S+)　", printed, re.MULTILINE)
        assert sorted(reported.values()) == sorted([*closed, *phoned, reported[left[1]]])
        assert (len(closed), len(phoned)) == (4, 3)
        assert sorted(on_the_wall(town, "closed", begun).values()) == sorted(closed)
        assert town.summary["screen"] == token, "the address of the first demo still opens"


def test_demo_json_is_private_and_lets_a_script_be_anyone(town: Town) -> None:
    assert (town.folder / "demo.json").stat().st_mode & 0o777 == 0o600
    assert town.summary["base_url"] == f"http://127.0.0.1:{town.port}"
    for account in town.summary["accounts"]:
        assert set(account) >= {"role", "username", "password", "area_code"}
    for token in town.summary["tokens"]:
        assert set(token) >= {"client", "token", "scopes"}
    people = {account["role"] for account in town.summary["accounts"]}
    assert people == set(Role) - {Role.API_CLIENT, Role.RESIDENT, Role.SYSTEM}


def test_a_second_demo_keeps_the_data_and_ends_with_nothing_left(town: Town) -> None:
    with running(town) as (process, printed):
        with httpx.Client(base_url=town.summary["base_url"], trust_env=False) as client:
            for account in town.summary["accounts"]:
                form = {"username": account["username"], "password": account["password"]}
                assert client.post("/v1/auth/token", data=form).status_code == 200, account["role"]
            for token in town.summary["tokens"]:
                bearer = {"Authorization": f"Bearer {token['token']}"}
                assert client.get("/v1/me", headers=bearer).status_code == 200
        assert "沿用" in printed
        assert printed.count("走完五步，已结案") == 3
        assert "新增 0 户，更新 0 户，未变 2 户" in printed, "the same ledger changes nothing"
        assert "✓ 手机与服务器一致：3 件" in printed, "those of the first demo are not among them"
        family = started_by(process, town)
        assert len(family) > 2
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0
        assert psutil.wait_procs(family, timeout=PATIENCE)[1] == []


def test_the_printed_curl_takes_the_next_step(town: Town) -> None:
    with running(town) as (_, printed):
        pasted = re.search(r"^curl (?:.*\\\n)+.*$", printed, re.MULTILINE)
        assert pasted
        _, _, url, *rest = shlex.split(pasted.group().replace("\\\n", " "))
        given = dict(zip(rest[::2], rest[1::2], strict=True))
        headers = dict(
            header.split(": ", 1)
            for option, header in zip(rest[::2], rest[1::2], strict=True)
            if option == "-H"
        )
        reply = httpx.post(url, content=given["-d"], headers=headers, trust_env=False)
    assert reply.status_code == 200, reply.text
    assert reply.json()["status"] == "accepted"


def test_a_killed_demo_takes_everything_with_it(town: Town) -> None:
    with running(town) as (process, _):
        family = started_by(process, town)
        process.kill()
        assert psutil.wait_procs(family, timeout=PATIENCE)[1] == []
    with running(town) as (_, printed):
        assert printed.count("走完五步，已结案") == 3
        assert "新增 0 户，更新 0 户，未变 2 户" in printed, "the same ledger changes nothing"


def test_a_killed_database_comes_back(town: Town) -> None:
    with running(town) as (process, _):
        server = next(found for found in started_by(process, town) if found.name() == "postgres")
        server.kill()
        with httpx.Client(base_url=town.summary["base_url"], trust_env=False) as client:
            until(lambda: client.get("/readyz").is_success)
        assert process.poll() is None
