"""Real mail's rarer shapes: names in pieces, groups of addresses, reports, half dates, structure without an end."""

import pytest
from m365sandbox.mail.mime import message_of

HEAD = b"From: a@client.example\r\nTo: ada@firm.example\r\nSubject: odd\r\nMIME-Version: 1.0\r\n"


def addresses(people: list[dict]) -> list[str]:
    return [person["emailAddress"]["address"] for person in people]


def test_names_in_pieces_and_encoded() -> None:
    message = message_of(
        HEAD + b"Content-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\nContent-Type: text/plain\r\n\r\nx\r\n"
        b"--B\r\nContent-Type: application/pdf; name*0*=UTF-8''%C3%9Cber; name*1*=sicht%20; name*2=2026.pdf\r\n"
        b"\r\nx\r\n"
        b"--B\r\nContent-Disposition: attachment; filename*=UTF-8''%e2%82%ac%20rates.pdf\r\n\r\nx\r\n"
        b"--B\r\nContent-Type: text/csv; name==?utf-8?B?w5xiZXIuY3N2?=\r\nContent-Disposition: attachment\r\n"
        b"\r\na\r\n--B--"
    )
    assert [part["name"] for part in message["attachments"]] == ["Übersicht 2026.pdf", "€ rates.pdf", "Über.csv"]


def test_groups_of_addresses_are_their_members() -> None:
    message = message_of(
        b"From: a@client.example\r\nTo: undisclosed-recipients:;\r\n"
        b'Cc: Friends: Tom <tom@client.example>, "Doe, Jane" <jane@client.example>;, ada@firm.example\r\n\r\nx'
    )
    assert message["toRecipients"] == []
    assert addresses(message["ccRecipients"]) == ["tom@client.example", "jane@client.example", "ada@firm.example"]


@pytest.mark.parametrize(
    ("to", "shown"),
    [
        ("Tom <tom@client.example> Jane Doe <jane@client.example>", [("Tom", "tom"), ("Jane Doe", "jane")]),
        ("Tom <tom@client.example>\r\n\t<jane@client.example>", [("Tom", "tom"), (None, "jane")]),
        ("tom@client.example jane@client.example", [(None, "tom"), (None, "jane")]),
        ('"Tom" <tom> <tom@client.example>', [("Tom", "tom")]),
    ],
)
def test_nobody_is_lost_for_a_forgotten_comma(to: str, shown: list[tuple[str | None, str]]) -> None:
    message = message_of(f"From: a@client.example\r\nTo: {to}\r\n\r\nx".encode())
    people = [(person["emailAddress"]["name"], person["emailAddress"]["address"]) for person in message["toRecipients"]]
    wanted = [(name or f"{who}@client.example", f"{who}@client.example") for name, who in shown]
    assert people == wanted


@pytest.mark.parametrize("kind", ['%22"text%22/plain', "text/plain=", "text/<plain>", "text plain", "text/x/y"])
def test_a_type_that_is_none_is_text(kind: str) -> None:
    message = message_of(HEAD + f"Content-Type: {kind}; name=notes.txt\r\n\r\nHello".encode())
    assert (message["bodyPreview"], message["attachments"]) == ("Hello", [])


def test_a_report_shows_its_text_and_keeps_its_parts() -> None:
    message = message_of(
        HEAD + b"Content-Type: multipart/report; report-type=delivery-status; boundary=D\r\n\r\n"
        b"--D\r\nContent-Type: text/plain\r\n\r\nCould not deliver\r\n"
        b"--D\r\nContent-Type: message/delivery-status\r\n\r\nFinal-Recipient: rfc822; x@client.example\r\n\r\n"
        b"--D\r\nContent-Type: text/rfc822-headers\r\n\r\nSubject: hi\r\n--D--"
    )
    assert "Could not deliver" in message["body"]["content"]
    assert [part["contentType"] for part in message["attachments"]] == [
        "message/delivery-status",
        "text/rfc822-headers",
    ]


@pytest.mark.parametrize(
    ("date", "sent"),
    [
        ("Mon, 02 Mar 2026 09:00:00 XYZ", "2026-03-02T09:00:00Z"),
        ("Mon, 02 Mar 2026 09:00:00", "2026-03-02T09:00:00Z"),
        ("2026-03-02T09:00:00Z", None),
        ("31 Feb 2026 09:00 +0000", None),
        ("Mon, 02 Mar 2096 25:61:61 +0000", None),
        ("Fri, 31 Dec 9999 23:59:59 -1400", None),
        ("garbage", None),
    ],
)
def test_dates_that_are_half_a_date(date: str, sent: str | None) -> None:
    message = message_of(b"From: a@client.example\r\nDate: " + date.encode() + b"\r\n\r\nx")
    assert message.get("sentDateTime") == sent


def test_structure_without_an_end_is_text() -> None:
    deep = b"".join(
        f"--b{level}\r\nContent-Type: multipart/mixed; boundary=b{level + 1}\r\n\r\n".encode() for level in range(300)
    )
    message = message_of(HEAD + b"Content-Type: multipart/mixed; boundary=b0\r\n\r\n" + deep)
    assert message["subject"] == "odd"
    assert "boundary=b300" in message["body"]["content"]


def test_a_mail_without_a_sender_has_none() -> None:
    message = message_of(b"From: <>\r\nTo: ada@firm.example\r\nSubject: null\r\n\r\nx")
    assert message.get("from") is None


@pytest.mark.parametrize(
    ("to", "name", "address"),
    [
        ('"a@b"@client.example', None, '"a@b"@client.example'),
        ('Ann <"a b"@client.example>', "Ann", '"a b"@client.example'),
        ('"a\\"b"@client.example (Ann)', "Ann", '"a\\"b"@client.example'),
        (
            "/O=X/OU=GROUP (FYDIBOHF23SPDLT)/CN=RECIPIENTS/CN=ANN",
            None,
            "/O=X/OU=GROUP (FYDIBOHF23SPDLT)/CN=RECIPIENTS/CN=ANN",
        ),
        ('"Ann" </o=X/ou=GROUP (FYDIBOHF23SPDLT)/cn=ann>', "Ann", "/o=X/ou=GROUP (FYDIBOHF23SPDLT)/cn=ann"),
        ("Ann <bounces+7-a=b.example@list.example>", "Ann", "bounces+7-a=b.example@list.example"),
        ("Ann (at (the) office) <ann@client.example>", "Ann", "ann@client.example"),
        ("M <m@m\u00fcnchen.example>", "M", "m@m\u00fcnchen.example"),
        ("Team: Ann <ann@client.example>;", "Ann", "ann@client.example"),
    ],
)
def test_unusual_addresses_are_kept_whole(to: str, name: str | None, address: str) -> None:
    message = message_of(f"From: a@client.example\r\nTo: {to}, bo@client.example\r\n\r\nx".encode())
    people = [(person["emailAddress"]["name"], person["emailAddress"]["address"]) for person in message["toRecipients"]]
    assert people == [(name or address, address), ("bo@client.example", "bo@client.example")]


def test_tabs_keep_their_columns_in_html() -> None:
    message = message_of(b"Subject: x\n\na\tb\nlong\tc\n")
    assert "a" + 7 * "&nbsp;" + "b<br>\r\nlong" + 4 * "&nbsp;" + "c" in message["body"]["content"]
