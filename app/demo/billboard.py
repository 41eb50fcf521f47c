"""What the demo shows in the terminal: progress, the tours' steps, addresses, sign-ins and a ready curl.

Plain lines where standard output is no terminal. It only prints; it decides nothing.
"""

import json
import shlex
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from app.demo.people import Account
from app.demo.tour import EFFECTS, Happened, NextStep, Ticked, Toured
from app.services.tickets.labels import ROLE_ZH

PLAIN_WIDTH = 120
ADDRESSES = (
    ("API", "/v1"),
    ("文档", "/docs"),
    ("健康检查", "/readyz"),
    ("指标", "/metrics"),
)
_CLOCKS = dict(zip(EFFECTS, ("停止", "起算，截止", "暂停，原截止", "恢复，截止", "改期，截止"), strict=True))

Report = Callable[[str, int, int], None]


def console() -> Console:
    """Standard output; wide enough for a table where it is no terminal, whose width is known."""
    return Console(width=None if sys.stdout.isatty() else PLAIN_WIDTH)


class Billboard:
    """Prints to a console as the demo goes on."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._step = 0

    def title(self, text: str) -> None:
        """What this run is."""
        self._console.print(f"[bold]{escape(text)}[/]")

    def note(self, text: str) -> None:
        """One remark."""
        self._console.print(f"  [dim]{escape(text)}[/]", highlight=False)

    @contextmanager
    def doing(self, what: str) -> Iterator[None]:
        """Show that something is under way, then that it is done and how long it took."""
        started = time.monotonic()
        with self._console.status(escape(what)):
            yield
        took = time.monotonic() - started
        self._console.print(f"[green]✓[/] {escape(what)} [dim]{took:.1f} 秒[/]", highlight=False)

    @contextmanager
    def loading(self, what: str) -> Iterator[Report]:
        """Show bars for parts that are loaded: `(part, done, total)`; then how long all of it took."""
        started = time.monotonic()
        columns = (TextColumn("  {task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        hidden = not self._console.is_terminal
        with Progress(*columns, console=self._console, transient=True, disable=hidden) as progress:
            bars: dict[str, TaskID] = {}

            def report(part: str, done: int, total: int) -> None:
                if part not in bars:
                    bars[part] = progress.add_task(escape(part), total=total)
                progress.update(bars[part], completed=done, total=total)

            yield report
        took = time.monotonic() - started
        self._console.print(f"[green]✓[/] {escape(what)} [dim]{took:.1f} 秒[/]", highlight=False)

    def tour(self, heading: str) -> None:
        """What the next steps tell."""
        self._step = 0
        self._console.print(f"\n[bold]{escape(heading)}[/]", highlight=False)

    def told(self, line: str) -> None:
        """One thing that happened on a tour of the registry."""
        self._line(f"  {escape(line)}")

    def step(self, happened: Happened) -> None:
        """One action of a tour, under the heading of its step."""
        if happened.number != self._step:
            self._step = happened.number
            self._console.print(f"[bold cyan]第 {happened.number} 步　{happened.stage}[/]", highlight=False)
        same = happened.before == happened.after
        change = happened.after if same else f"{happened.before} → {happened.after}"
        who = f"{escape(happened.who)} [bold]{happened.label}[/]"
        words = "".join(f"　{escape(text)}" for text in (happened.org, happened.words) if text)
        self._line(f"  {who}：{change}[dim]{words}[/]")
        notice = ["✉ 通知反映人"] if happened.told else []
        told = [*_clocks(happened.clocks), *notice]
        if told:
            self._line(f"    {'　'.join(told)}")

    def closed(self, toured: Toured) -> None:
        """The end of a tour."""
        self._line(f"[green]✓[/] 工单 {toured.number} 由 {toured.people} 人走完五步，已结案")
        turns = f"，途中经过{'、'.join(toured.turns)}" if toured.turns else ""
        self._line(f"  流转记录 {toured.steps} 条，前后相接{turns}")

    def done(self, line: str) -> None:
        """The good end of what was told."""
        self._line(f"[green]✓[/] {escape(line)}")

    def wall(self, address: str) -> None:
        """Where the figures can be watched while they move."""
        self._line(f"[bold]大屏[/]：{escape(address)}")
        self.note("打开即看，不用登录；数字随下面的巡览变动")

    def addresses(self, base_url: str, wall: str, summary: str) -> None:
        """Where everything is."""
        self._console.print("\n[bold]地址[/]")
        self._line(f"  大屏：{escape(wall)}")
        self._line(f"    免登录、只读；也可用下面的账号登录 {base_url}/dashboard，点数字看工单详情")
        for name, path in ADDRESSES:
            self._console.print(f"  {name}：{base_url}{path}", highlight=False)
        self._console.print(f"  登录信息：{summary}", highlight=False, soft_wrap=True)

    def sign_ins(self, accounts: Sequence[Account]) -> None:
        """How to sign in as each of the demo's people."""
        table = Table(title="演示账号", title_justify="left", box=SIMPLE_HEAD)
        table.add_column("角色", overflow="fold")
        for name in ("账号", "密码", "区域代码"):
            table.add_column(name, no_wrap=True)
        for account in accounts:
            cells = (ROLE_ZH[account.role], account.username, account.password, account.area_code)
            table.add_row(*map(escape, cells))
        self._console.print()
        self._console.print(table)

    def curl(self, base_url: str, step: NextStep) -> None:
        """The next allowed action of the open ticket, ready to be pasted."""
        body = json.dumps(dict(step.body), ensure_ascii=False)
        lines = (
            f"curl -sS {shlex.quote(base_url + step.path)}",
            f"-H {shlex.quote('Authorization: Bearer ' + step.person.token)}",
            "-H 'Content-Type: application/json'",
            f"-d {shlex.quote(body)}",
        )
        self._console.print(
            f"\n[bold]轮到您了[/]：以{escape(step.person.title)}的身份{step.label}另一件工单"
            "（令牌 15 分钟内有效）",
            highlight=False,
        )
        self._console.print(escape(" \\\n  ".join(lines)), highlight=False, soft_wrap=True)

    def serving(self, seconds: float) -> None:
        """That the API answers."""
        self._console.print(f"[green]✓[/] 服务就绪，用时 {seconds:.1f} 秒", highlight=False)

    def waiting(self) -> None:
        """That the demo goes on until it is told to stop."""
        self._console.print("\n按 Ctrl-C 停止。", highlight=False)

    def _line(self, text: str) -> None:
        self._console.print(text, highlight=False, soft_wrap=True)


def _clocks(ticked: Sequence[Ticked]) -> Iterator[str]:
    """What became of the clocks, each kind of news once: `⏱ 停止：受理时限按时`."""
    for what, label in _CLOCKS.items():
        told = "、".join(_clock(clock) for clock in ticked if clock.what == what)
        if told:
            yield f"⏱ {label}：{told}"


def _clock(ticked: Ticked) -> str:
    if ticked.in_time is None:
        return f"{ticked.name} {ticked.due_at:%m-%d %H:%M}"
    if not ticked.met:
        return f"{ticked.name}不再计时"
    verdict = "[green]按时[/]" if ticked.in_time else "[red]超时[/]"
    return f"{ticked.name}时限{verdict}"
