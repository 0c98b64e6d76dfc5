"""The bar of each mailbox, on a terminal and nowhere else."""

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
    assert "50% of the time, 240 of about 500 messages, 120/s, 2 s left" in text


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
