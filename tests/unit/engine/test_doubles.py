"""Mail that two connectors stored twice is merged by the first run of a day, wherever that is killed."""

from functools import cache
from typing import Any

import pytest

from connector.model.records import Row, RowError
from connector.model.values import RecordId
from tests.support.fakes import Calls, CrashError
from tests.support.firm import CLIENT, Firm

LEGACY = "/O=EXCHANGELABS/OU=EXCHANGE ADMINISTRATIVE GROUP/CN=RECIPIENTS/CN=ada"
SPOUSE = "spouse@client.example"
#: calls of a run from the look for such mail on
STEPS = 15


class Connector(Calls):
    """Calls of the first connector, before whose first write the second does a run of its own."""

    def __init__(self, firm: Firm, **second: Any) -> None:
        super().__init__()
        self._firm, self._second, self._ran = firm, second, False

    def __call__(self, name: str) -> None:
        if name == "write" and not self._ran:
            self._ran = True
            # both begin on one day, so that neither finds what the other writes
            self._firm.sync(Calls(), **self._second)


def furnished() -> Firm:
    """One mail of Ada's to a client, which Bob's copy shows under a legacy name; Ada's knows a Bcc recipient."""
    firm = Firm()
    assert firm.sync().exit_code == 0  # the first run of this day
    firm.wait(hours=1)
    people = {"to": (CLIENT, "bob@firm.example"), "message_id": "<prop@x>", "subject": "Proposal", "days": 0.03}
    firm.mail("ada", from_="ada@firm.example", bcc=SPOUSE, id="own", **people)
    firm.mail("bob", from_=LEGACY, id="theirs", **people)
    for number in range(3):
        firm.mail("bob", message_id="<batch@bulk>", subject=f"Document {number}", id=f"b{number}", days=0.02)
    # the row that is made first, of Bob's copy, knows less
    calls = Connector(firm, only=("bob@firm.example",))
    assert firm.sync(calls, only=("ada@firm.example",)).exit_code == 0
    for id_, row in [*firm.org.table("Email__c").items()]:
        if row["Subject__c"] == "Proposal":
            key = f"{row['Message_Key__c']}:{'f' * 31}"
            files = [("both", key), (f"only-{row['Graph_Message_Id__c']}", f"{row['Message_Key__c']}:{id_[-8:]}")]
            for name, name_key in files:
                document = RecordId(f"069{name}{id_}")
                firm.org.table("ContentVersion")[document] = {"Attachment_Key__c": name_key, "Email": id_}
    firm.wait(days=1)
    return firm


def state(firm: Firm) -> dict[str, Any]:
    found = {name: rows for name, rows in firm.stored().items() if name != "Mailbox"}
    return {**found, "files": sorted(row["Attachment_Key__c"] for row in firm.org.rows("ContentVersion"))}


@cache
def undisturbed() -> tuple[dict[str, Any], list[str]]:
    calls, firm = Calls(), furnished()
    firm.sync(calls)
    return state(firm), calls.names


def proposals(firm: Firm) -> list[RecordId]:
    return [id_ for id_, row in firm.org.table("Email__c").items() if row["Subject__c"] == "Proposal"]


def test_the_first_run_of_a_day_makes_one_of_them_with_all_that_both_have() -> None:
    firm = furnished()
    older, _ = proposals(firm)
    assert len(firm.org.rows("Email__c")) == 5
    assert firm.sync().exit_code == 0
    assert proposals(firm) == [older]
    mail = firm.org.table("Email__c")[older]
    assert mail["Bcc__c"] == SPOUSE
    below = [row for row in firm.org.rows("Email_Participant__c") if row["Email__c"] == older]
    assert {row["Address__c"] for row in below} == {CLIENT, SPOUSE}
    tasks = [row for row in firm.org.rows("Task") if row["Email__c"] == older]
    assert sorted(row["WhoId"] for row in tasks) == ["003000000000001AAA", "003000000000002AAA"]
    files = [row for row in firm.org.rows("ContentVersion") if row["Email"] == older]
    assert len(files) == len(firm.org.rows("ContentVersion")) == 3
    assert all(row["Attachment_Key__c"].startswith(f"{mail['Message_Key__c']}:") for row in files)
    # those of a bulk sender stay
    assert len(firm.org.rows("Email__c")) == 4


def test_a_second_run_of_the_day_asks_nothing_and_a_later_one_finds_nothing_more() -> None:
    firm = furnished()
    firm.sync()
    before = state(firm)
    for wait in ({"hours": 1}, {"days": 1}, {"days": 1}):
        firm.wait(**wait)
        calls = Calls()
        assert firm.sync(calls, sweep=True).exit_code == 0
        assert calls.names.count("with one id") == (1 if "days" in wait else 0)
        assert "tasks" not in calls.names
        assert state(firm) == before


def test_what_is_refused_is_said_and_tried_again_on_the_next_day() -> None:
    firm = furnished()

    def locked(row: Row) -> RowError | None:
        return RowError(code="LOCKED", message="No.") if row.object == "Task" and row.id is not None else None

    firm.org.rule = locked
    firm.sync()
    assert "is stored twice and could not be merged (LOCKED: No.)" in str(firm.events()[-1]["Error_Message__c"])
    assert len(proposals(firm)) == 2
    firm.org.rule = lambda _: None
    firm.wait(days=1)
    firm.sync()
    assert state(firm) == undisturbed()[0]


@pytest.mark.parametrize("step", range(1, STEPS + 1))
def test_killed_at_any_call_the_next_run_completes_it(step: int) -> None:
    expected, names = undisturbed()
    first = names.index("with one id") + 1
    at = first + step - 1
    assert len(names) == first + STEPS - 1
    firm = furnished()
    with pytest.raises(CrashError):
        firm.sync(Calls(crash_at=at))
    firm.sync()
    assert state(firm) == expected
