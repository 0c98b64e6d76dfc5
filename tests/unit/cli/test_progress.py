"""How a run goes, on a terminal and nowhere else: one line for all, and the busiest few below it."""

import io

import pytest
from rich.console import Console

from connector.cli.progress import Progress
from connector.engine.windows import WindowQueue
from connector.model.values import GraphUserId
from tests.support.builders import mailbox


def shown(*, terminal: bool, wanted: bool = True) -> str:
    """What a terminal, or a file, gets to see of a mailbox that is half read after two seconds."""
    written = io.StringIO()
    console = Console(file=written, force_terminal=terminal, width=160, color_system=None)
    ticks = iter((0.0, 0.0, 2.0))
    queue = WindowQueue(mailbox(user_principal_name="ada@firm.example"), GraphUserId("ada"), expected=500)
    queue.planned, queue.covered, queue.listed = 100, 50, 240
    with Progress(console, shown=wanted, monotonic=lambda: next(ticks)) as progress:
        progress.started([queue])
        progress.walked(queue, 3)
    return written.getvalue()


def test_a_terminal_shows_how_far_how_fast_and_how_long() -> None:
    text = shown(terminal=True)
    assert "ada@firm.example" in text
    assert "50% 240 of 500, 120/s, 2 s left" in text


def many(count: int, width: int) -> list[str]:
    """The last lines on a terminal of so many mailboxes with long names, of which all are at work."""
    written = io.StringIO()
    console = Console(file=written, force_terminal=True, width=width, color_system=None, height=200)
    queues = []
    for number in range(count):
        name = f"a.very.long.name.of.adviser.{number:03d}@a-long-name-of-a-firm.example"
        queue = WindowQueue(mailbox(user_principal_name=name), GraphUserId(f"u{number}"), expected=2_000_000)
        queue.planned, queue.covered, queue.listed = 1000, 1 + number, 1_000_000 + number
        queues.append(queue)
    ticks = iter([0.0, 0.0, *[7200.0] * count])
    with Progress(console, monotonic=lambda: next(ticks)) as progress:
        progress.started(queues)
        for queue in queues:
            progress.walked(queue, 3)
        progress._bars.refresh()
        frame = written.getvalue().rpartition("\x1b[2K")[2]
    return [line.rstrip() for line in frame.replace("\r", "").splitlines() if line.strip()]


@pytest.mark.parametrize("width", [80, 140])
@pytest.mark.parametrize("count", [1, 3, 60])
def test_a_terminal_of_any_width_shows_a_total_and_the_busiest_few(count: int, width: int) -> None:
    lines = many(count, width)
    assert len(lines) == (1 if count == 1 else 1 + min(count, 4))
    assert all(len(line) <= width for line in lines)
    assert all("/s, " in line and line.endswith(" left") for line in lines), lines
    assert lines[0].startswith("a.very.long" if count == 1 else f"{count} mailboxes")
    expected = f"{sum(1_000_000 + number for number in range(count)):,} of {2_000_000 * count:,}"
    assert expected in lines[0]


def test_a_file_shows_nothing() -> None:
    assert shown(terminal=False).strip() == ""


def test_a_bar_that_is_not_to_be_shown_is_not() -> None:
    assert shown(terminal=True, wanted=False).strip() == ""


def test_lines_of_a_dry_run_go_to_standard_output_while_a_bar_is_on(capsys: pytest.CaptureFixture[str]) -> None:
    written = io.StringIO()
    with Progress(Console(file=written, force_terminal=True, width=160)):
        print("a line")
    assert capsys.readouterr().out == "a line\n"
    assert "a line" not in written.getvalue()
