"""What sync and retry ask of a run, and one run from a request to its report."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from connector.codes import EventKind, Outcome
from connector.engine.dry_run import DryRunLine
from connector.engine.mailboxes import ReadLimits
from connector.engine.report import RunReport
from connector.engine.request import RunRequest
from connector.engine.scheduler import StopToken
from connector.errors import MessageError, ServiceError, StoppedError, UsageError
from connector.operations.retry import retry
from connector.operations.run import Runner, RunServices
from connector.operations.sync import sync
from tests.support.firm import Firm

LIMITS = ReadLimits(workers=2, requests_per_mailbox=2, settle=timedelta(0))


class Asked:
    """Does no run: notes what is asked, and reports what it was told to."""

    def __init__(self, report: RunReport | None = None) -> None:
        self.requests: list[RunRequest] = []
        self.report = report or RunReport()

    def __call__(self, request: RunRequest) -> RunReport:
        self.requests.append(request)
        return self.report


class Services:
    """The firm's ports, opened for a request and closed after the run."""

    def __init__(self, firm: Firm) -> None:
        self.firm = firm
        self.opened: list[RunRequest] = []
        self.closed = 0

    @contextmanager
    def __call__(self, request: RunRequest) -> Iterator[RunServices]:
        self.opened.append(request)
        yield RunServices(
            admin=self.firm.org,
            source=self.firm.tenant,
            directory=self.firm.org,
            stored_mail=self.firm.stored_mail,
            sink=self.firm.org,
            log_book=self.firm.org,
        )
        self.closed += 1


# -- what is asked ----------------------------------------------------------------------------------------------------


def test_a_sync_asks_for_one_run() -> None:
    asked = Asked()
    report = sync(asked, only=["ada@firm.example"], dry_run=True, sweep=True, minutes=5)
    assert report is asked.report
    assert asked.requests == [RunRequest(only=("ada@firm.example",), dry_run=True, sweep=True, minutes=5)]


def test_a_retry_asks_for_failed_messages_alone() -> None:
    asked = Asked(RunReport(tried=1))
    retry(asked)
    retry(asked, every=True)
    assert retry(asked, event="RUN-000004").skipped is None
    assert asked.requests == [
        RunRequest(retries_only=True),
        RunRequest(retries_only=True, every_error=True),
        RunRequest(retries_only=True, event="RUN-000004"),
    ]


def test_an_event_without_failed_messages_is_said_so() -> None:
    assert retry(Asked()).skipped is None
    skipped = retry(Asked(), event="RUN-000004").skipped
    assert skipped == "no failed message is left of a sync event with the id, name or Run Key RUN-000004"


@pytest.mark.parametrize("report", [RunReport(skipped="off"), RunReport(failure=ServiceError("away").detail)])
def test_what_kept_a_retry_from_running_stands(report: RunReport) -> None:
    assert retry(Asked(report), event="RUN-000004") is report


# -- one run ----------------------------------------------------------------------------------------------------------


def test_a_run_from_a_request_to_its_report() -> None:
    firm = Firm()
    firm.mail("ada")
    firm.mail("bob")
    services = Services(firm)
    request = RunRequest(only=("ada@firm.example",))
    report = Runner(services, limits=LIMITS).run(request)
    assert (report.emails, report.exit_code, report.cut) == (1, 0, False)
    assert (services.opened, services.closed) == ([request], 1)
    [event] = firm.events()
    assert (event["Kind__c"], event["Run_Key__c"]) == (EventKind.MANUAL, report.event)


def test_each_run_has_a_key_of_its_own() -> None:
    firm = Firm()
    runs = Runner(Services(firm), limits=LIMITS).run
    firm.mail("ada")
    first = runs(RunRequest(only=("ada@firm.example",)))
    firm.wait(minutes=10)
    firm.mail("ada", days=-5 / 1440)
    second = runs(RunRequest(only=("ada@firm.example",)))
    assert first.event != second.event
    assert len(firm.events()) == 2


def test_all_errors_of_an_event_are_tried_due_or_not() -> None:
    firm = Firm()
    lost = firm.mail("ada")
    firm.tenant.bodies_broken[lost.id] = MessageError("odd", code="GRAPH_400", transient=True)
    runs = Runner(Services(firm), limits=LIMITS).run
    assert runs(RunRequest(only=("ada@firm.example",))).errors == 1
    firm.tenant.bodies_broken.clear()
    assert runs(RunRequest(retries_only=True)).tried == 0  # not due yet
    again = runs(RunRequest(retries_only=True, event="run-1"))
    assert (again.tried, again.emails) == (1, 1)


def test_lines_of_a_dry_run_are_handed_on_as_they_are_decided() -> None:
    firm = Firm()
    mail = firm.mail("ada", message_id="<one@client.example>")
    lines: list[DryRunLine] = []
    report = Runner(Services(firm), limits=LIMITS, lines=lines.append).run(RunRequest(dry_run=True))
    assert report.outcomes[Outcome.MATCHED] == 1
    assert [line.to_json() for line in lines] == [
        {
            "mailbox": "ada@firm.example",
            "message_id": mail.id,
            "internet_message_id": "<one@client.example>",
            "outcome": "matched",
            "rule": "Contact has client@client.example",
            "rule_id": "003000000000001AAA",
        }
    ]


def test_lines_come_before_the_run_that_fails_later_is_over() -> None:
    """What a chunk decided is printed, whatever becomes of the rest."""
    firm = Firm()
    firm.mail("ada")
    lines: list[DryRunLine] = []

    def stop(line: DryRunLine) -> None:
        lines.append(line)
        raise ServiceError("away")

    report = Runner(Services(firm), limits=LIMITS, lines=stop).run(RunRequest(dry_run=True))
    assert len(lines) == 1
    assert report.failure == ServiceError("away").detail


def test_a_stop_ends_a_run_that_has_a_time_limit() -> None:
    firm = Firm()
    firm.mail("ada")
    stop_token = StopToken()
    stop_token.ask()
    report = Runner(Services(firm), limits=LIMITS, stop_token=stop_token).run(RunRequest(minutes=10))
    assert report.failure is not None
    assert report.failure.code == StoppedError.code
    assert not report.cut


def test_a_mailbox_that_no_row_names_is_a_wrong_use() -> None:
    with pytest.raises(UsageError, match=r"cid@firm\.example"):
        sync(Runner(Services(Firm()), limits=LIMITS).run, only=["cid@firm.example"])
