"""Which rows a condition keeps: null, case, patterns, lists, dates, semi-joins."""

from collections.abc import Iterator

import pytest

from tests.support.soql_org import Org


@pytest.fixture
def org() -> Iterator[Org]:
    org = Org()
    yield org
    org.close()


def named(org: Org, *names: str | None) -> None:
    for name in names:
        org.insert("Contact", LastName="x", FirstName=name)


def first_names(org: Org, condition: str) -> list[str | None]:
    return sorted(org.values(f"SELECT FirstName FROM Contact WHERE {condition}"), key=str)


# --- null and case --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "kept"),
    [
        ("FirstName = 'a'", ["A", "a"]),
        ("FirstName = 'A'", ["A", "a"]),
        ("FirstName != 'a'", [None, "b"]),
        ("FirstName <> 'b'", ["A", None, "a"]),
        ("FirstName = null", [None]),
        ("FirstName = ''", [None]),
        ("FirstName != null", ["A", "a", "b"]),
        ("FirstName > 'a'", ["b"]),
        ("FirstName >= 'A'", ["A", "a", "b"]),
        ("FirstName < 'b'", ["A", "a"]),
        ("FirstName > null", []),
        ("FirstName IN ('A', 'c')", ["A", "a"]),
        ("FirstName IN ('b', null)", [None, "b"]),
        ("FirstName IN ('')", [None]),
        ("FirstName NOT IN ('a')", [None, "b"]),
        ("FirstName NOT IN ('a', null)", ["b"]),
        ("NOT FirstName = 'a'", [None, "b"]),
        ("NOT (FirstName = 'a' OR FirstName = null)", ["b"]),
        ("(NOT FirstName LIKE 'a%') AND FirstName != null", ["b"]),
    ],
)
def test_null_and_case(org: Org, condition: str, kept: list[str | None]) -> None:
    named(org, "a", "A", "b", None)
    assert first_names(org, condition) == kept


def test_case_is_ignored_beyond_ascii_on_plain_and_on_indexed_fields(org: Org) -> None:
    named(org, "MÜLLER", "Müller", "Muller")
    assert first_names(org, "FirstName = 'müller'") == ["MÜLLER", "Müller"]
    assert first_names(org, "FirstName != 'müller'") == ["Muller"]
    assert first_names(org, "FirstName LIKE 'mÜl%'") == ["MÜLLER", "Müller"]
    assert first_names(org, "FirstName IN ('müller', 'muller')") == ["Muller", "MÜLLER", "Müller"]
    org.insert("Contact", LastName="y", Email="Jörg@client.example")
    assert org.total("Email = 'jÖRG@CLIENT.example'") == 1


def test_unique_case_sensitive_text_keeps_its_case(org: Org) -> None:
    field = org.schema.object("Email__c").field("Message_Key__c")  # type: ignore[union-attr]
    assert field is not None
    assert field.case_sensitive
    org.insert("Email__c", Name="x", Message_Key__c="abc")
    assert org.total("Message_Key__c = 'abc'", "Email__c") == 1
    assert org.total("Message_Key__c = 'ABC'", "Email__c") == 0


def test_quotes_and_backslashes(org: Org) -> None:
    named(org, "O'Neil", "a\\b", 'say "hi"')
    assert first_names(org, r"FirstName = 'O\'Neil'") == ["O'Neil"]
    assert first_names(org, r"FirstName = 'a\\b'") == ["a\\b"]
    assert first_names(org, r"FirstName = 'say \"hi\"'") == ['say "hi"']


# --- patterns -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "kept"),
    [
        ("50%", ["50% off", "500", "50_0"]),
        (r"50\%%", ["50% off"]),
        (r"50\_0", ["50_0"]),
        ("50_", ["500"]),
        ("%OFF", ["50% off"]),
        ("50", []),
        ("%", ["50% off", "500", "50_0", "a\\b"]),
        (r"a\\_", ["a\\b"]),
    ],
)
def test_like(org: Org, pattern: str, kept: list[str]) -> None:
    named(org, "50% off", "500", "50_0", "a\\b", None)
    assert first_names(org, f"FirstName LIKE '{pattern}'") == kept


# --- types ----------------------------------------------------------------------------------------------------------


def test_numbers(org: Org) -> None:
    for revenue in (1, 2.5, None):
        org.insert("Account", Name="x", AnnualRevenue=revenue)
    # The field has no decimals, so 2.5 is stored as 3.
    assert org.total("AnnualRevenue = 3", "Account") == 1
    assert org.total("AnnualRevenue > 0.5 AND AnnualRevenue < 2.75", "Account") == 1
    assert org.total("AnnualRevenue != 1", "Account") == 2
    assert org.total("AnnualRevenue IN (1, 3)", "Account") == 2
    assert org.total("AnnualRevenue >= -1", "Account") == 2
    assert org.total("AnnualRevenue < 99999999999999999999999", "Account") == 2


def test_booleans(org: Org) -> None:
    org.insert("Contact", LastName="x", DoNotCall=True)
    org.insert("Contact", LastName="y")
    assert org.total("DoNotCall = TRUE") == 1
    assert org.total("DoNotCall != true") == 1
    assert org.total("DoNotCall = false") == 1


def test_ids_in_either_length_and_any_case_of_the_long_form(org: Org) -> None:
    contact = org.insert("Contact", LastName="x")
    assert org.total(f"Id = '{contact}'") == 1
    assert org.total(f"Id = '{contact[:15]}'") == 1
    assert org.total(f"Id = '{contact.lower()}'") == 1
    assert org.total(f"Id IN ('{contact[:15]}', '003000000000000')") == 1
    assert org.total(f"Id > '{contact}'") == 0
    assert org.total(f"Id >= '{contact}'") == 1


def test_instants_with_offsets(org: Org) -> None:
    org.insert("Email__c", Name="x", Sent_At__c="2026-11-22T10:00:00Z")
    for text in ("2026-11-22T10:00:00Z", "2026-11-22T12:00:00+02:00", "2026-11-22T05:00:00.000-0500"):
        assert org.total(f"Sent_At__c = {text}", "Email__c") == 1
        assert org.total(f"Sent_At__c >= {text} AND Sent_At__c <= {text}", "Email__c") == 1
        assert org.total(f"Sent_At__c < {text}", "Email__c") == 0


def test_times(org: Org) -> None:
    org.insert("MS_Graph_Setting__c", Name="x", Time_of_Day__c="06:30:00.000Z")
    assert org.total("Time_of_Day__c = 06:30:00.000Z", "MS_Graph_Setting__c") == 1
    assert org.total("Time_of_Day__c < 06:30:00Z", "MS_Graph_Setting__c") == 0


# --- dates in the user's zone ---------------------------------------------------------------------------------------


def test_today_is_the_day_of_the_user(org: Org) -> None:
    for instant in ("2026-11-17T23:30:00Z", "2026-11-18T00:30:00Z", "2026-11-18T23:30:00Z"):
        org.insert("Email__c", Name="x", Sent_At__c=instant)
    counted = "SELECT COUNT() FROM Email__c WHERE Sent_At__c = TODAY"
    assert org.query(counted).total_size == 2
    assert org.query(counted, zone="Europe/Berlin").total_size == 2
    earliest = "SELECT Sent_At__c FROM Email__c WHERE Sent_At__c = TODAY ORDER BY Sent_At__c LIMIT 1"
    assert org.values(earliest) == ["2026-11-18T00:30:00.000+0000"]
    assert org.values(earliest, zone="Europe/Berlin") == ["2026-11-17T23:30:00.000+0000"]


@pytest.mark.parametrize(
    ("condition", "kept"),
    [
        ("= TODAY", ["2026-11-18"]),
        ("!= TODAY", ["2026-11-17", "2026-11-19", None]),
        ("< TODAY", ["2026-11-17"]),
        ("<= TODAY", ["2026-11-17", "2026-11-18"]),
        ("> TODAY", ["2026-11-19"]),
        (">= TODAY", ["2026-11-18", "2026-11-19"]),
        ("= YESTERDAY", ["2026-11-17"]),
        ("= TOMORROW", ["2026-11-19"]),
        ("= LAST_N_DAYS:1", ["2026-11-17", "2026-11-18"]),
        ("= NEXT_N_DAYS:1", ["2026-11-19"]),
        ("= N_DAYS_AGO:1", ["2026-11-17"]),
        ("IN (YESTERDAY, TOMORROW)", ["2026-11-17", "2026-11-19"]),
    ],
)
def test_comparisons_with_a_range(org: Org, condition: str, kept: list[str | None]) -> None:
    for day in ("2026-11-17", "2026-11-18", "2026-11-19", None):
        org.insert("Contact", LastName="x", Birthdate=day)
    found = org.values(f"SELECT Birthdate FROM Contact WHERE Birthdate {condition}")
    assert sorted(found, key=str) == kept


# --- joins ----------------------------------------------------------------------------------------------------------


def test_conditions_on_parents(org: Org) -> None:
    acme = org.insert("Account", Name="Acme")
    org.insert("Contact", LastName="A", AccountId=acme)
    org.insert("Contact", LastName="B")
    assert org.total("Account.Name = 'acme'") == 1
    assert org.total("Account.Name != 'acme'") == 1
    assert org.total("Account.Name = null") == 1
    assert org.query("SELECT Id FROM Contact c WHERE c.Account.Name LIKE 'ac%'").total_size == 1


def test_semi_joins_and_anti_joins(org: Org) -> None:
    acme, bare = org.insert("Account", Name="Acme"), org.insert("Account", Name="Bare")
    org.insert("Contact", LastName="A", AccountId=acme, Email="a@client.example")
    org.insert("Contact", LastName="B")
    joined = "SELECT Id FROM Account WHERE Id {} (SELECT AccountId FROM Contact WHERE Email LIKE '%@CLIENT.example')"
    assert org.values(joined.format("IN")) == [acme]
    # A contact without an account does not make the anti-join empty.
    assert org.values("SELECT Id FROM Account WHERE Id NOT IN (SELECT AccountId FROM Contact)") == [bare]
    both = joined.format("IN") + " AND Name LIKE 'A%'"
    assert org.values(both) == [acme]


def test_what_a_semi_join_selects_may_stand_behind_its_objects_name(org: Org) -> None:
    """django-salesforce writes every field so."""
    acme = org.insert("Account", Name="Acme")
    org.insert("Contact", LastName="A", AccountId=acme)
    joined = "SELECT Id FROM Account WHERE Account.Id IN (SELECT {}AccountId FROM Contact{} WHERE {}LastName = 'A')"
    assert org.values(joined.format("Contact.", "", "Contact.")) == [acme]
    assert org.values(joined.format("c.", " c", "c.")) == [acme]


def test_deleted_rows_do_not_join(org: Org) -> None:
    acme = org.insert("Account", Name="Acme")
    org.insert("Contact", LastName="A", AccountId=acme, IsDeleted=True)
    assert org.query("SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact)").total_size == 0


# --- size -----------------------------------------------------------------------------------------------------------


def plan_of(org: Org, soql: str) -> str:
    """How SQLite goes about the statements of a query."""
    seen: list[str] = []
    org.connection.set_trace_callback(seen.append)
    org.query(soql)
    org.connection.set_trace_callback(None)
    steps = [row for text in seen for row in org.connection.execute(f"EXPLAIN QUERY PLAN {text}")]
    return "\n".join(str(row[3]) for row in steps)


def test_a_look_up_by_thousands_of_keys_uses_the_index(org: Org) -> None:
    for number in range(50):
        org.insert("Email__c", Name="x", Internet_Message_Id__c=f"<{number}@Mail.example>")
    keys = ", ".join(f"'<{number}@mail.example>'" for number in range(3_000))
    soql = f"SELECT Id FROM Email__c WHERE Internet_Message_Id__c IN ({keys})"
    assert org.query(soql).total_size == 50
    assert "SCAN t" not in plan_of(org, soql)
    assert "Email__c.Internet_Message_Id__c" in plan_of(org, soql)


def test_a_look_up_by_a_key_beyond_ascii_uses_the_index(org: Org) -> None:
    org.insert("Contact", LastName="x", Email="jörg@client.example")
    soql = "SELECT Id FROM Contact WHERE Email = 'JÖRG@client.example'"
    assert org.query(soql).total_size == 1
    assert "Contact.Email" in plan_of(org, soql)


def test_thousands_of_alternatives(org: Org) -> None:
    named(org, "7", "x")
    assert org.total(" OR ".join(f"FirstName = '{number}'" for number in range(3_000))) == 1
