"""How access tokens end."""

import sqlite3
from datetime import UTC, datetime, timedelta

import pytest
from m365sandbox.salesforce.auth.sessions import TIMEOUT, Sessions

from tests.support.salesforce_org import CLIENT_ID, CLIENT_SECRET, Client, new_org
from tests.unit.salesforce.auth.test_oauth import sign_in

START = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Watch:
    """A machine's clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def sessions(watch: Watch) -> Sessions:
    return Sessions(sqlite3.connect(":memory:", isolation_level=None), watch)


def test_a_session_ends_after_two_hours_without_a_call(sessions: Sessions, watch: Watch) -> None:
    token = sessions.issue("00D000000000001AAA", "005A", lasting=False)
    watch.now = START + TIMEOUT - MINUTE
    assert sessions.user_of(token) == "005A"
    watch.now = START + TIMEOUT + TIMEOUT - 2 * MINUTE
    assert sessions.user_of(token) == "005A"
    watch.now += TIMEOUT
    assert sessions.user_of(token) is None
    watch.now = START
    assert sessions.user_of(token) is None


def test_a_call_in_the_first_half_is_not_noticed(sessions: Sessions, watch: Watch) -> None:
    token = sessions.issue("00D000000000001AAA", "005A", lasting=False)
    watch.now = START + TIMEOUT / 2 - MINUTE
    assert sessions.user_of(token) == "005A"
    watch.now = START + TIMEOUT
    assert sessions.user_of(token) is None


def test_tokens_of_the_sandbox_itself_last(sessions: Sessions, watch: Watch) -> None:
    token = sessions.issue("00D000000000001AAA", "005A")
    watch.now = START + 1000 * TIMEOUT
    assert sessions.user_of(token) == "005A"


def test_a_signed_in_session_is_no_lasting_one() -> None:
    org = new_org()
    form = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    before = org.integration.access_token
    _, body = sign_in(org, form)
    signed_in = Client(org, body["access_token"])
    assert signed_in.send("GET", "limits").status == 200
    # The token that the ready line names is never one that ends.
    assert org.integration.access_token == before


def test_an_older_database_learns_that_sessions_end() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("CREATE TABLE _session (token TEXT PRIMARY KEY, user_id TEXT, issued_at TEXT) WITHOUT ROWID")
    connection.execute("INSERT INTO _session VALUES ('00D!old', '005A', '2026-01-01T00:00:00+00:00')")
    assert Sessions(connection).user_of("00D!old") == "005A"
