"""SOSL: what reads, what does not, and which texts an expression matches."""

import pytest
from m365sandbox.salesforce.sosl import MalformedSearchError, Returning, parse, parse_expression, words_of

LEE = [words_of("Ann-Marie Lee"), words_of("a.lee@firm.example")]


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("lee", True),
        ("LEE", True),
        ("le", False),
        ("le*", True),
        ("l?e", True),
        ("le?", True),
        ("?lee", False),
        ("*arie", True),
        ("ann lee", True),
        ("ann nobody", False),
        ("ann AND lee", True),
        ("ann OR nobody", True),
        ("nobody OR nothing", False),
        ("ann AND NOT lee", False),
        ("ann AND NOT nobody", True),
        ('"marie lee"', True),
        ('"lee marie"', False),
        ('"ann lee"', False),
        ("Ann-Marie", True),
        ("a.lee@firm.example", True),
        ("b.lee@firm.example", False),
        ("(nobody OR ann) AND lee", True),
        ("nobody OR ann AND lee", True),
        ("ann\\-marie", True),
        ("ann \\& lee", True),
        ("lee \\& nobody", False),
        ("lee a", True),
        ("x1 a", False),
    ],
)
def test_an_expression_matches_words(expression: str, found: bool) -> None:
    assert parse_expression(expression).holds(LEE) is found


@pytest.mark.parametrize("expression", ["lee", "le*", "ann AND lee", "nobody OR lee", '"marie lee"', "ann AND NOT x1"])
def test_a_record_that_is_found_has_one_of_the_hints(expression: str) -> None:
    text = "ann-marie lee a.lee@firm.example"
    assert any(hint in text for hint in parse_expression(expression).hints())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "unexpected token: <EOF>"),
        ("SELECT Id FROM Contact", "unexpected token: SELECT"),
        ("FIND Lee", "No search term found. The search term must be enclosed in braces."),
        ("FIND {Lee", "No search term found. The search term must be enclosed in braces."),
        ("FIND {}", "search term must be longer than one character"),
        ("FIND {a}", "search term must be longer than one character: a"),
        ("FIND {\\&}", "search term must be longer than one character: \\&"),
        ("FIND {*}", "search term must be longer than one character: *"),
        ("FIND {lee OR \\&}", "unexpected end of the search expression"),
        ("FIND {lee AND}", "unexpected end of the search expression"),
        ("FIND {AND lee}", "unexpected token: AND"),
        ("FIND {(lee}", "expecting a right parentheses in the search expression"),
        ("FIND {lee)}", "unexpected token: )"),
        ("FIND {lee} IN EVERY FIELDS", "unexpected token: EVERY"),
        ("FIND {lee} RETURNING", "unexpected token: <EOF>"),
        ("FIND {lee} RETURNING Contact(Id", "expecting a right parentheses, found '<EOF>'"),
        ("FIND {lee} RETURNING Contact()", "unexpected token: )"),
        ("FIND {lee} RETURNING Contact(Id,)", "unexpected token: Id,"),
        ("FIND {lee} RETURNING Contact(Id USING ListView=Mine)", "unexpected token: USING"),
        ("FIND {lee} WITH DIVISION = 'Global'", "unexpected token: WITH"),
        (
            "FIND {lee} RETURNING Account(Id OFFSET 1), Contact(Id)",
            "OFFSET can be used only when querying a single object",
        ),
        ("FIND {lee} LIMIT ten", "unexpected token: LIMIT"),
        ("FIND {lee} nonsense", "unexpected token: nonsense"),
    ],
)
def test_a_malformed_search_says_why(text: str, message: str) -> None:
    with pytest.raises(MalformedSearchError) as wrong:
        parse(text)
    assert str(wrong.value) == message


def test_a_statement_has_its_clauses() -> None:
    search = parse(
        "find {lee} in name fields returning Account, Contact (Id, Name WHERE (Name LIKE 'x)%' OR "
        "AccountId IN (SELECT Id FROM Account WHERE Name = 'a') ) ORDER BY Name LIMIT 5 ) limit 20"
    )
    assert (search.scope, search.limit) == ("NAME", 20)
    assert search.returning == (
        Returning("Account"),
        Returning(
            "Contact",
            ("Id", "Name"),
            "(Name LIKE 'x)%' OR AccountId IN (SELECT Id FROM Account WHERE Name = 'a') )",
            "ORDER BY Name LIMIT 5",
        ),
    )
    alone = parse("FIND {lee} RETURNING Contact(Id LIMIT 5 OFFSET 1)").returning
    assert alone == (Returning("Contact", ("Id",), "", "LIMIT 5 OFFSET 1"),)


def test_what_is_not_said_has_a_default() -> None:
    search = parse("FIND {lee}")
    assert (search.scope, search.returning, search.limit) == ("ALL", (), 2000)
    assert parse("FIND {lee} LIMIT 9999").limit == 2000
