"""Mail in forms that Exchange shows otherwise than they are written: charsets, flowed text, S/MIME, odd structure."""

import base64
from typing import Any

import pytest
from m365sandbox.graph.delivery.members import check_message
from m365sandbox.mail.mime import message_of
from m365sandbox.mail.text import html_of_text, text_of_enriched, unflowed
from m365sandbox.mail.unique import unique_body


def letter(content_type: str, body: bytes, *headers: str) -> dict[str, Any]:
    head = "".join(f"{line}\n" for line in ("Subject: x", "From: ada@client.example", *headers))
    message = message_of(f"{head}Content-Type: {content_type}\n\n".encode() + body)
    check_message(message)
    return message


def contents(message: dict[str, Any]) -> list[tuple[str, str, bytes]]:
    return [
        (file["name"], file["contentType"], base64.b64decode(file["contentBytes"])) for file in message["attachments"]
    ]


JIS = "日本語テスト"


@pytest.mark.parametrize(
    ("charset", "data", "shown"),
    [
        ("iso-2022-jp", JIS.encode("iso2022_jp"), JIS),
        ("", JIS.encode("iso2022_jp"), JIS),
        ("us-ascii", JIS.encode("iso2022_jp"), JIS),
        # Characters that Windows has and the standard has not: a circled one, the sign for a limited company.
        ("iso-2022-jp", b"\x1b$B-!-j\x1b(B ok", "①㈱ ok"),
        ("iso-2022-jp", b"\x1b(I123\x1b(B", "ｱｲｳ"),
        ("iso-2022-jp", b"\x1b$BF|\nx", None),
        ("gb18030", "汉字𠀀€".encode("gb18030"), "汉字𠀀€"),
        ("gb2312", "汉字€".encode("gb18030"), "汉字€"),
        ("hz-gb-2312", "汉字".encode("hz"), "汉字"),
        ("big5", "漢字".encode("big5"), "漢字"),
        ("ks_c_5601-1987", "한국어".encode("cp949"), "한국어"),
        ("windows-31j", "髙①".encode("cp932"), "髙①"),
        ("koi8-r", "Привет".encode("koi8-r"), "Привет"),
        ("iso-8859-8-i", "שלום".encode("iso-8859-8"), "שלום"),
        # Windows-1252 in disguise: quotation marks and the euro sign.
        ("iso-8859-1", b"\x93fees\x94 \x80 5", "“fees” € 5"),
        ("latin-1", b"\x80", "€"),
        ("utf-8", b"cr\xe8me", "crème"),
        # One broken byte does not spoil what is UTF-8 all the same.
        ("utf-8", "Привет, мир ".encode() + b"\xd1.", "Привет, мир \ufffd."),
        ("us-ascii", "Zażółć".encode() + b"\xd1", "Zażółć\ufffd"),
        ("utf8", "crème".encode(), "crème"),
        ("x-unknown", "crème".encode(), "crème"),
        ("", b"caf\xe9", "café"),
        ("", "café".encode(), "café"),
        ("utf-7", b"+AOk-t+AOk-", "été"),
        ("utf-7", b"caf+AOk- +2D0-", "café \ufffd"),
        ("hz-gb-2312", b"~{::WV~} ~{\x01", "汉字 \ufffd"),
        ("iso-2022-kr", b"\x1b$)C\x0e\xff\x0f", None),
        ("base64", b"QUJD", "QUJD"),
    ],
)
def test_charsets(charset: str, data: bytes, shown: str | None) -> None:
    message = letter(f"text/plain{f'; charset={charset}' if charset else ''}", data)
    assert "\x1b$" not in message["bodyPreview"]
    if shown is not None:
        assert message["bodyPreview"] == shown


def test_html_says_its_charset_itself_where_the_header_does_not() -> None:
    page = '<html><head><meta http-equiv="Content-Type" content="text/html; charset=windows-1251"></head>Привет</html>'
    assert letter("text/html", page.encode("cp1251"))["bodyPreview"] == "Привет"
    stated = letter("text/html; charset=koi8-r", page.encode("koi8-r"))
    assert stated["bodyPreview"] == "Привет"


@pytest.mark.parametrize(
    ("written", "delete_spaces", "shown"),
    [
        ("one \ntwo\nthree", False, "one two\nthree"),
        ("one \ntwo", True, "onetwo"),
        ("> a \n> b\n>> c \nd", False, "> a b\n>> c \nd"),
        ("text \n-- \nAda", False, "text \n-- \nAda"),
        (" From here\n  indented", False, "From here\n indented"),
    ],
)
def test_flowed_text_is_joined(written: str, delete_spaces: bool, shown: str) -> None:
    assert unflowed(written, delete_spaces=delete_spaces) == shown


def test_a_flowed_body_is_shown_joined() -> None:
    body = b"A line that goes \non and ends here.\n"
    assert letter("text/plain; format=flowed", body)["bodyPreview"] == "A line that goes on and ends here."
    assert letter("text/plain; format=fixed", body)["bodyPreview"] == "A line that goes\r\non and ends here."


def test_enriched_text_is_shown_without_its_commands() -> None:
    written = "<bold>Now</bold> is <color><param>red</param>the</color> time\nfor\n\nall <<good>"
    assert text_of_enriched(written) == "Now is the time for\nall <good>"
    assert letter("text/enriched", written.encode())["bodyPreview"] == "Now is the time for\r\nall <good>"


SIGNED = 'multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary="s"'
SIGNED_BODY = (
    b"--s\nContent-Type: text/plain\n\nI agree.\n--s\nContent-Type: application/pkcs7-signature; name=smime.p7s\n"
    b"Content-Transfer-Encoding: base64\n\nMIIB\n--s--\n"
)


def test_a_clear_signed_mail_shows_its_text_and_keeps_all_of_it_as_one_file() -> None:
    message = letter(SIGNED, SIGNED_BODY)
    assert message["bodyPreview"] == "I agree."
    assert contents(message) == [
        ("smime.p7m", "multipart/signed", f"Content-Type: {SIGNED}\r\n\r\n".encode() + SIGNED_BODY)
    ]
    assert message["hasAttachments"] is True


def test_an_encrypted_mail_is_a_file_without_a_body() -> None:
    message = letter(
        "application/x-pkcs7-mime; smime-type=enveloped-data", b"MIIB", "Content-Transfer-Encoding: base64"
    )
    assert contents(message) == [("smime.p7m", "application/x-pkcs7-mime", base64.b64decode("MIIB"))]
    assert message["bodyPreview"] == ""


def test_a_pgp_signature_is_an_attachment_like_any_other() -> None:
    body = SIGNED_BODY.replace(b"application/pkcs7-signature; name=smime.p7s", b"application/pgp-signature; name=s.asc")
    message = letter('multipart/signed; protocol="application/pgp-signature"; boundary="s"', body)
    assert message["bodyPreview"] == "I agree."
    assert [name for name, _, _ in contents(message)] == ["s.asc"]


def test_rtf_alone_is_a_file() -> None:
    message = letter("text/rtf", rb"{\rtf1 Hello}")
    assert contents(message) == [("ATT00001.rtf", "text/rtf", rb"{\rtf1 Hello}")]
    assert (message["bodyPreview"], message["hasAttachments"]) == ("", True)


def test_the_content_id_in_a_body_may_be_encoded() -> None:
    message = letter(
        "multipart/related; boundary=b",
        b'--b\nContent-Type: text/html\n\n<img src="cid:logo%20one@client.example">\n'
        b"--b\nContent-Type: image/png\nContent-ID: <logo one@client.example>\n\nPNG\n--b--\n",
    )
    (image,) = message["attachments"]
    assert (image["isInline"], message["hasAttachments"]) == (True, False)


def test_a_picture_with_an_id_that_nothing_shows_is_an_attachment() -> None:
    message = letter(
        "multipart/mixed; boundary=b",
        b"--b\nContent-Type: text/html\n\n<p>see below</p>\n"
        b"--b\nContent-Type: image/png; name=a.png\nContent-ID: <a@client.example>\n\nPNG\n--b--\n",
    )
    (image,) = message["attachments"]
    assert (image["isInline"], image["contentId"], message["hasAttachments"]) == (False, "a@client.example", True)


@pytest.mark.parametrize(
    ("raw", "subject", "author"),
    [
        (b"From: a@client.example, b@client.example\nSubject: two authors\n\nx", "two authors", "a@client.example"),
        (b"From: a@client.example\nFrom: b@client.example\nSubject: two\n\nx", "two", "a@client.example"),
        (b"Subject: first\nSubject: second\nFrom: a@client.example\n\nx", "first", "a@client.example"),
        (b"Subject: caf\xe9\nFrom: Ren\xe9e <a@client.example>\n\nx", "café", "a@client.example"),
        (b"subject:x\nFROM:a@client.example\n\nx", "x", "a@client.example"),
        (b"\n\nSubject: after empty lines\n", "after empty lines", None),
        (
            b"Subject: " + b"long " * 20_000 + b"\nFrom: a@client.example\n\nx",
            ("long " * 20_000).strip(),
            "a@client.example",
        ),
        (b"Subject: =?utf-8?B?w?= =?utf-8?Q?=C3=A?= =?no-such?Q?=E9?=\n\nx", None, None),
        (b"Subject: =?utf-8?Q?no end\nFrom: a@client.example\n\nx", "=?utf-8?Q?no end", "a@client.example"),
        (b"Subject: =?UTF-8?B?w6k=?==?UTF-8?B?w6k=?=\n\nx", "éé", None),
    ],
)
def test_headers_that_break_the_rules(raw: bytes, subject: str | None, author: str | None) -> None:
    message = message_of(raw)
    check_message(message)
    assert subject is None or message["subject"] == subject
    assert (message["from"] or {"emailAddress": {"address": None}})["emailAddress"]["address"] == author


def test_the_sender_of_several_authors_is_the_sender_header() -> None:
    message = message_of(b"From: a@client.example, b@client.example\nSender: office@client.example\n\nx")
    assert message["sender"]["emailAddress"]["address"] == "office@client.example"


@pytest.mark.parametrize(
    ("encoded", "content"),
    [
        (b"QUJD\nREVG\n", b"ABCDEF"),
        (b"QUJ*DR$EVG", b"ABCDEF"),
        (b"QUJDRA", b"ABCD"),
        (b"QUJD" * 100_000, b"ABC" * 100_000),
        (b"QUI=QUI=", b"ABAB"),
        ("é".encode(), "é".encode()),
    ],
)
def test_bad_base64_gives_what_it_holds(encoded: bytes, content: bytes) -> None:
    message = letter("application/pdf; name=a.pdf", encoded, "Content-Transfer-Encoding: base64")
    assert contents(message) == [("a.pdf", "application/pdf", content)]


def test_a_file_written_into_the_text_is_an_attachment() -> None:
    body = b"See below.\n\nbegin 644 cat.txt\n#0V%T\n`\nend\n\nRegards\n"
    message = letter("text/plain", body)
    assert contents(message) == [("cat.txt", "application/octet-stream", b"Cat")]
    assert message["bodyPreview"].split() == ["See", "below.", "Regards"]
    assert letter("text/plain", b"begin 644 cat.txt\nis how it starts\n")["attachments"] == []


OUTLOOK = (
    '<html><body><div><p>Please proceed.</p></div><div id="appendonsend"></div><hr>'
    '<div id="divRplyFwdMsg"><b>From:</b> Tom</div><p>Shall we?</p></body></html>'
)


@pytest.mark.parametrize(
    ("content", "kept", "gone"),
    [
        (OUTLOOK, "<p>Please proceed.</p></div></body></html>", "Shall we?"),
        ('<p>Yes</p><div class="gmail_quote">On Monday<p>Shall we?</p></div>', "<p>Yes</p>", "Shall we?"),
        ('<p>Yes</p><blockquote type="cite">Shall we?</blockquote>', "<p>Yes</p>", "Shall we?"),
        ('<p>Yes</p><div style="border:none;border-top:solid #E1E1E1 1.0pt">Shall we?', "<p>Yes</p>", "Shall we?"),
        (html_of_text("Yes\n\nOn 3 Feb 2025 Ada wrote:\n> Shall we?"), "Yes<br>", "Shall we?"),
        (html_of_text("Yes\n-----Original Message-----\nShall we?"), "Yes<br>", "Shall we?"),
    ],
)
def test_what_a_reply_quotes_is_not_unique(content: str, kept: str, gone: str) -> None:
    unique = unique_body({"contentType": "html", "content": content})
    assert unique is not None
    assert kept in unique["content"]
    assert gone not in unique["content"]


@pytest.mark.parametrize(
    "content",
    ["<p>Nothing quoted</p>", '<blockquote type="cite">only a quote</blockquote>', "", "<![odd]>", "a > b", "<p>1 > 0"],
)
def test_without_a_quote_all_is_unique(content: str) -> None:
    body = {"contentType": "html", "content": content}
    assert unique_body(body) == body


def test_the_unique_part_of_plain_text() -> None:
    text = "Yes\r\n\r\n> Shall we?\r\n"
    assert unique_body({"contentType": "text", "content": text}) == {"contentType": "text", "content": "Yes"}
    assert unique_body(None) is None
