"""Well-formed queries that the platform refuses, with its code and words."""

import re
from collections.abc import Iterator

import pytest
from m365sandbox.salesforce.soql import SoqlError

from tests.support.soql_org import Org


@pytest.fixture(scope="module")
def org() -> Iterator[Org]:
    org = Org()
    yield org
    org.close()


def refusal(org: Org, soql: str) -> SoqlError:
    with pytest.raises(SoqlError) as caught:
        org.query(soql)
    return caught.value


@pytest.mark.parametrize(
    ("soql", "code", "words"),
    [
        ("SELECT Id FROM Nothing", "INVALID_TYPE", "sObject type 'Nothing' is not supported."),
        ("SELECT Nope FROM Account", "INVALID_FIELD", "No such column 'Nope' on entity 'Account'."),
        ("SELECT Account FROM Contact", "INVALID_FIELD", "No such column 'Account' on entity 'Contact'."),
        ("SELECT Account.Nope FROM Contact", "INVALID_FIELD", "No such column 'Nope' on entity 'Account'."),
        ("SELECT Nope.Name FROM Contact", "INVALID_FIELD", "Didn't understand relationship 'Nope' in field path."),
        ("SELECT AccountId.Name FROM Contact", "INVALID_FIELD", "Didn't understand relationship 'AccountId'"),
        ("SELECT Who.AccountId FROM Task", "INVALID_FIELD", "No such column 'AccountId' on entity 'Name'."),
        ("SELECT Who.Account.Name FROM Task", "INVALID_FIELD", "Didn't understand relationship 'Account'"),
        (
            "SELECT (SELECT Id FROM Nopes) FROM Account",
            "INVALID_TYPE",
            "Didn't understand relationship 'Nopes' in FROM",
        ),
        ("SELECT (SELECT Nope FROM Contacts) FROM Account", "INVALID_FIELD", "No such column 'Nope'"),
        ("SELECT (SELECT Id FROM Contacts), (SELECT Id FROM Contacts) FROM Account", "INVALID_FIELD", "duplicate"),
        (
            "SELECT (SELECT COUNT() FROM Contacts) FROM Account",
            "MALFORMED_QUERY",
            "only root queries support aggregate",
        ),
        ("SELECT Name n FROM Account", "MALFORMED_QUERY", "only aggregate expressions use field aliasing"),
        ("SELECT Id FROM Account WHERE Nope = 'x'", "INVALID_FIELD", "No such column 'Nope' on entity 'Account'."),
        ("SELECT Id FROM Account ORDER BY Nope", "INVALID_FIELD", "No such column 'Nope' on entity 'Account'."),
        ("SELECT Id FROM Account x WHERE y.Name = 'x'", "INVALID_FIELD", "Didn't understand relationship 'y'"),
        (
            "SELECT Parent.Parent.Parent.Parent.Parent.Parent.Name FROM Account",
            "MALFORMED_QUERY",
            "can walk up to 5 levels",
        ),
        # Types of literals.
        (
            "SELECT Id FROM Account WHERE Name = 1",
            "INVALID_FIELD",
            "'Name' must be of type string and should be enclosed",
        ),
        ("SELECT Id FROM Account WHERE Name = true", "INVALID_FIELD", "must be of type string and should be enclosed"),
        ("SELECT Id FROM Account WHERE Name = TODAY", "INVALID_FIELD", "must be of type string and should be enclosed"),
        ("SELECT Id FROM Account WHERE Name IN ('a', 1)", "INVALID_FIELD", "must be of type string"),
        ("SELECT Id FROM Account WHERE Name LIKE 1", "INVALID_FIELD", "must be of type string"),
        (
            "SELECT Id FROM Account WHERE AnnualRevenue = '1'",
            "INVALID_FIELD",
            "'AnnualRevenue' must be of type double and should not be enclosed in quotes",
        ),
        ("SELECT Id FROM Account WHERE NumberOfEmployees = TODAY", "INVALID_FIELD", "must be of type int"),
        ("SELECT Id FROM Account WHERE IsDeleted = 'true'", "INVALID_FIELD", "must be of type boolean"),
        ("SELECT Id FROM Account WHERE IsDeleted = 1", "INVALID_FIELD", "must be of type boolean"),
        (
            "SELECT Id FROM Account WHERE CreatedDate > '2026-01-01T00:00:00Z'",
            "INVALID_FIELD",
            "'CreatedDate' must be of type dateTime and should not be enclosed in quotes",
        ),
        ("SELECT Id FROM Account WHERE CreatedDate > 2026-01-01", "INVALID_FIELD", "must be of type dateTime"),
        ("SELECT Id FROM Contact WHERE Birthdate = 2026-01-01T00:00:00Z", "INVALID_FIELD", "must be of type date and"),
        ("SELECT Id FROM Contact WHERE Birthdate = 2026-02-30", "MALFORMED_QUERY", "Invalid date"),
        ("SELECT Id FROM Account WHERE CreatedDate = 2026-01-01T25:00:00Z", "MALFORMED_QUERY", "Invalid datetime"),
        ("SELECT Id FROM Account WHERE CreatedDate = LAST_N_DAYS:99999999", "MALFORMED_QUERY", "Invalid date literal"),
        ("SELECT Id FROM Account WHERE Id = 'abc'", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: abc"),
        ("SELECT Id FROM Account WHERE Id = 1", "INVALID_FIELD", "must be of type string"),
        ("SELECT Id FROM Contact WHERE AccountId IN ('x')", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: x"),
        # Operators.
        (
            "SELECT Id FROM Account WHERE Id LIKE '001%'",
            "INVALID_QUERY_FILTER_OPERATOR",
            "invalid operator on id field",
        ),
        ("SELECT Id FROM Account WHERE CreatedDate LIKE '2026%'", "INVALID_QUERY_FILTER_OPERATOR", "on datetime field"),
        ("SELECT Id FROM Account WHERE IsDeleted > true", "INVALID_QUERY_FILTER_OPERATOR", "on boolean field"),
        ("SELECT Id FROM Account WHERE Type INCLUDES ('a')", "INVALID_QUERY_FILTER_OPERATOR", "on picklist field"),
        # Fields that cannot be filtered, sorted, grouped.
        (
            "SELECT Id FROM Email__c WHERE Body__c = 'x'",
            "INVALID_FIELD",
            "field 'Body__c' can not be filtered in a query",
        ),
        ("SELECT Id FROM Email__c WHERE To__c LIKE '%x%'", "INVALID_FIELD", "field 'To__c' can not be filtered"),
        (
            "SELECT Id FROM Account WHERE Description != null",
            "INVALID_FIELD",
            "field 'Description' can not be filtered",
        ),
        ("SELECT Id FROM Account WHERE BillingAddress != null", "INVALID_FIELD", "can not be filtered"),
        ("SELECT Id FROM Email__c ORDER BY Body__c", "INVALID_FIELD", "field 'Body__c' can not be sorted in a query"),
        ("SELECT Body__c FROM Email__c GROUP BY Body__c", "MALFORMED_QUERY", "'Body__c' can not be grouped"),
        ("SELECT CreatedDate FROM Account GROUP BY CreatedDate", "MALFORMED_QUERY", "can not be grouped"),
        # Aggregates.
        ("SELECT Name, COUNT(Id) FROM Account", "MALFORMED_QUERY", "Field must be grouped or aggregated: Name"),
        ("SELECT Name FROM Account GROUP BY Type", "MALFORMED_QUERY", "Field must be grouped or aggregated: Name"),
        ("SELECT Type FROM Account GROUP BY Type ORDER BY Name", "MALFORMED_QUERY", "Ordered field must be"),
        ("SELECT SUM(Name) FROM Account", "MALFORMED_QUERY", "does not support aggregate operator SUM"),
        ("SELECT COUNT(Description) FROM Account", "MALFORMED_QUERY", "does not support aggregate operator COUNT"),
        ("SELECT COUNT(Id) FROM Account LIMIT 1", "MALFORMED_QUERY", "cannot also use LIMIT"),
        ("SELECT COUNT(Id) a, COUNT(Name) a FROM Account", "MALFORMED_QUERY", "duplicate alias: a"),
        ("SELECT Id FROM Account WHERE COUNT(Id) > 1", "MALFORMED_QUERY", "Aggregate functions are not allowed"),
        ("SELECT COUNT() FROM Account GROUP BY Type", "MALFORMED_QUERY", "COUNT() cannot be used with GROUP BY"),
        ("SELECT COUNT() FROM Account ORDER BY Type", "MALFORMED_QUERY", "COUNT() cannot be used with"),
        ("SELECT FIELDS(ALL) FROM Account", "MALFORMED_QUERY", "must have a LIMIT of at most 200"),
        ("SELECT FIELDS(CUSTOM) FROM Account LIMIT 201", "MALFORMED_QUERY", "must have a LIMIT of at most 200"),
        ("SELECT toLabel(Name) FROM Account", "INVALID_FIELD", "toLabel function is not supported"),
        ("SELECT nonsense(Name) FROM Account", "MALFORMED_QUERY", "unexpected token: 'nonsense'"),
        ("SELECT Id FROM Account OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset allowed is 2000"),
        ("SELECT TYPEOF Account WHEN Account THEN Name END FROM Contact", "MALFORMED_QUERY", "not a polymorphic"),
        ("SELECT TYPEOF Who WHEN Account THEN Name END FROM Task", "INVALID_TYPE", "'Account' is not supported"),
        (
            "SELECT TYPEOF Who WHEN Lead THEN Nope END FROM Task",
            "INVALID_FIELD",
            "No such column 'Nope' on entity 'Lead'",
        ),
        (
            "SELECT TYPEOF Nope WHEN Lead THEN Name END FROM Task",
            "INVALID_FIELD",
            "Didn't understand relationship 'Nope'",
        ),
        ("SELECT Who.Name, TYPEOF Who WHEN Lead THEN Name END FROM Task", "INVALID_FIELD", "duplicate relationship"),
        # Semi-joins.
        (
            "SELECT Id FROM Account WHERE Id IN (SELECT Id FROM Account)",
            "MALFORMED_QUERY",
            "The inner and outer selects should not be on the same object type",
        ),
        (
            "SELECT Id FROM Account WHERE Id IN (SELECT OwnerId FROM Contact)",
            "MALFORMED_QUERY",
            "should point to the same object type",
        ),
        ("SELECT Id FROM Account WHERE Name IN (SELECT LastName FROM Contact)", "MALFORMED_QUERY", "must be IDs"),
        (
            "SELECT Id FROM Account WHERE Name = 'x' OR Id IN (SELECT AccountId FROM Contact)",
            "MALFORMED_QUERY",
            "Semi join sub-selects are only allowed at the top level",
        ),
        ("SELECT Id FROM Account WHERE NOT Id IN (SELECT AccountId FROM Contact)", "MALFORMED_QUERY", "only allowed"),
        (
            "SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact WHERE Id IN (SELECT WhoId FROM Task))",
            "MALFORMED_QUERY",
            "Nesting of semi join sub-selects is not supported",
        ),
        (
            "SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact) AND Id IN (SELECT Account__c FROM "
            "Email_Participant__c) AND Id NOT IN (SELECT RelatedToId FROM EmailMessage)",
            "MALFORMED_QUERY",
            "At most 2 semi join sub-selects are allowed",
        ),
        ("SELECT Id FROM Account WHERE Id IN (SELECT Account.Id FROM Contact)", "MALFORMED_QUERY", "of its own object"),
        (
            "SELECT Id FROM Account WHERE Id IN (SELECT Contact.Account.Id FROM Contact)",
            "MALFORMED_QUERY",
            "of its own object",
        ),
        ("SELECT Id FROM Account WHERE Id IN (SELECT Nope FROM Nothing)", "INVALID_TYPE", "'Nothing' is not supported"),
        (
            "SELECT Id FROM ContentDocumentLink",
            "MALFORMED_QUERY",
            "ContentDocumentLink requires a filter by a single Id on ContentDocumentId or LinkedEntityId",
        ),
        ("SELECT Id FROM ContentDocumentLink WHERE ShareType = 'V'", "MALFORMED_QUERY", "requires a filter"),
    ],
)
def test_refused(org: Org, soql: str, code: str, words: str) -> None:
    error = refusal(org, soql)
    assert (error.code, words in error.message) == (code, True), error.message
    assert re.search(r"\n +\^\n|\n\^\n", error.message)


def test_the_message_shows_the_place(org: Org) -> None:
    assert refusal(org, "SELECT Id, Foo__c FROM Account").message == (
        "\nSELECT Id, Foo__c FROM Account\n"
        "           ^\n"
        "ERROR at Row:1:Column:12\n"
        "No such column 'Foo__c' on entity 'Account'. If you are attempting to use a custom field, be sure to append "
        "the '__c' after the custom field name. "
        "Please reference your WSDL or the describe call for the appropriate names."
    )


def test_what_may_not_be_read_is_answered_as_unknown() -> None:
    org = Org()
    unknown = refusal(org, "SELECT Id FROM Nada").message
    org.sight.hidden_objects = {"Lead"}
    org.sight.hidden_fields = {"Contact.Email", "Contact.AccountId"}
    assert refusal(org, "SELECT Id FROM Lead").message == unknown.replace("Nada", "Lead")
    for soql in (
        "SELECT Email FROM Contact",
        "SELECT Id FROM Contact WHERE Email = 'a@client.example'",
        "SELECT Id FROM Contact ORDER BY Email",
        "SELECT COUNT(Email) FROM Contact",
    ):
        assert "No such column 'Email' on entity 'Contact'" in refusal(org, soql).message
    assert "relationship 'Account'" in refusal(org, "SELECT Account.Name FROM Contact").message
    assert "relationship 'Contacts'" in refusal(org, "SELECT (SELECT Id FROM Contacts) FROM Account").message
    names = {column.name for column in org.query("SELECT FIELDS(ALL) FROM Contact LIMIT 1").columns}
    assert "LastName" in names
    assert not names & {"Email", "AccountId"}
    org.close()


def test_a_reference_to_hidden_objects_only_is_unknown() -> None:
    org = Org()
    org.sight.hidden_objects = {"Account"}
    assert "relationship 'Account'" in refusal(org, "SELECT Account.Name FROM Contact").message
    assert "relationship 'What'" in refusal(org, "SELECT What.Name FROM Task").message
    org.close()


@pytest.mark.parametrize(
    ("soql", "field"), [("SELECT Id, FIELDS(STANDARD) FROM Account", "Id"), ("SELECT Name, name FROM Account", "Name")]
)
def test_a_field_selected_twice_is_told_without_its_place(org: Org, soql: str, field: str) -> None:
    wrong = refusal(org, soql)
    assert (wrong.code, wrong.message) == ("INVALID_FIELD", f"duplicate field selected: {field}")


# --- places, as observed on the platform -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("soql", "message"),
    [
        (
            "SELECT Id FROM Account\nWHERE Name = 'x'\n\tAND IsDeleted = 'TRUE'",
            "\n\tAND IsDeleted = 'TRUE'\n     ^\nERROR at Row:3:Column:6\n"
            "value of filter criterion for field 'IsDeleted' must be of type boolean "
            "and should not be enclosed in quotes",
        ),
        (
            'SELECT Id FROM Account WHERE Id = "x"',
            "\nSELECT Id FROM Account WHERE Id = \"x\"\n                                 ^\n"
            "ERROR at Row:1:Column:34\nline 1:34 no viable alternative at character '\"'",
        ),
        (
            "SELECT Id FROM Account WHERE Name = 'x",
            "\nSELECT Id FROM Account WHERE Name = 'x\n                                     ^\n"
            "ERROR at Row:1:Column:38\nline 1:38 mismatched character '<EOF>' expecting '''",
        ),
        (
            "SELECT Id FROM Account WHERE CreatedDate > 2026-03-17T21:04:32.000 0000",
            "\nERE CreatedDate > 2026-03-17T21:04:32.000 0000\n                                        ^\n"
            "ERROR at Row:1:Column:66\nline 1:66 no viable alternative at character ' '",
        ),
        (
            "SELECT Id FROM Account;",
            "\nSELECT Id FROM Account;\n                     ^\n"
            "ERROR at Row:1:Column:22\nline 1:22 no viable alternative at character ';'",
        ),
    ],
)  # fmt: skip
def test_the_whole_message(org: Org, soql: str, message: str) -> None:
    assert refusal(org, soql).message == message


@pytest.mark.parametrize(
    ("soql", "words"),
    [
        ("SELECT Id FROM Account WHERE Name = :name", "Column:37\nBind variables only allowed in Apex code"),
        ("SELECT Id FROM Account WHERE Name IN names", "Column:38\nBind variables only allowed in Apex code"),
        ("SELECT Id FROM Account WHERE Name IN 'a', 'b'", "Column:38\nBind variables only allowed in Apex code"),
        ("SELECT Id FROM Account LIMIT :n", "Column:30\nBind variables only allowed in Apex code"),
        ("SELECT Id FROM Account WHERE CreatedDate > LastModifiedDate", "expecting a colon, found 'LastModifiedDate'"),
        ("SELECT Id FROM Account WHERE (Name = 'x' Site = 'y')", "expecting a right parentheses, found 'Site'"),
        ("SELECT Id FROM Account WHERE Name IN ('x'", "expecting a right parentheses, found '<EOF>'"),
        ("SELECT Id, FROM Account", "Column:12\nunexpected token: 'FROM'"),
    ],
)
def test_wrong_syntax_has_the_platforms_words(org: Org, soql: str, words: str) -> None:
    error = refusal(org, soql)
    assert (error.code, words in error.message) == ("MALFORMED_QUERY", True), error.message
