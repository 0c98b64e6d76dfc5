"""Text that does not say its charset, or says a wrong one: header lines as raw bytes, bodies without a label."""

from typing import Any

import pytest
from m365sandbox.graph.delivery.members import check_message
from m365sandbox.mail.guess import guess
from m365sandbox.mail.mime import message_of

SUBJECTS = [
    ("koi8-r", "Отчёт за март"),
    ("koi8-r", "Привет"),
    ("windows-1251", "Отчёт за март"),
    ("windows-1251", "Иван Петров"),
    ("shift_jis", "お見積書の件"),
    ("shift_jis", "会議"),
    ("euc-jp", "ご請求書の送付"),
    ("gb18030", "会议通知"),
    ("gb18030", "关于付款的问题"),
    ("big5", "會議通知"),
    ("euc-kr", "회의 안내"),
    ("windows-1250", "Dziękuję za szybką odpowiedź"),
    ("windows-1250", "Žádost o schůzku"),
    ("windows-1253", "Ετήσια επισκόπηση"),
    ("windows-1254", "Yıllık görüşme, teşekkürler"),
    ("windows-1255", "הצעת מחיר"),
    ("windows-1256", "المراجعة السنوية"),
    ("windows-1252", "Grüße aus München"),
    ("windows-1252", "Café “Zoë” – £500"),
    ("windows-874", "สวัสดีครับ"),
    ("iso-8859-5", "Годовой отчёт"),
    ("ibm866", "Годовой отчёт"),
    ("iso-2022-jp", "会議のご案内"),
    ("utf-8", "Grüße, Привет, 会議"),
]
#: of which the bytes alone do not tell the charset for certain
SHORT = [
    ("koi8-r", "ПРИВЕТ"),
    ("big5", "年度回顧"),
    ("windows-1250", "Köszönöm szépen, jövő héten"),
    ("windows-1257", "Sveiki, gerbiamas klientė"),
    ("iso-8859-2", "Žádost o schůzku"),
    ("windows-1251", "ОПЛАТА СЧЁТА"),
]
CODECS = {"windows-874": "cp874", "ibm866": "cp866"}


def encoded(text: str, charset: str) -> bytes:
    return text.encode(CODECS.get(charset, charset))


def taken(raw: bytes) -> dict[str, Any]:
    message = message_of(raw)
    check_message(message)
    return message


@pytest.mark.parametrize(("charset", "text"), SUBJECTS)
def test_raw_headers_of_a_mail_that_names_no_charset(charset: str, text: str) -> None:
    raw = b"Subject: %s\nFrom: %s <a@client.example>\n\nplain\n" % (encoded(text, charset), b"A")
    assert taken(raw)["subject"] == text


@pytest.mark.parametrize(("charset", "text"), [*SUBJECTS, *SHORT])
def test_raw_headers_have_the_charset_that_the_text_names(charset: str, text: str) -> None:
    written = encoded(text, charset)
    message = taken(
        b"Subject: %s\nFrom: %s <a@client.example>\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n"
        b"--b\nContent-Type: text/plain; charset=%s\n\n%s\n"
        b'--b\nContent-Type: application/pdf\nContent-Disposition: attachment; filename="%s.pdf"\n\nPDF\n--b--\n'
        % (
            written,
            written.replace(b",", b"").replace(b'"', b""),
            charset.encode(),
            written,
            written.replace(b'"', b""),
        )
    )
    assert message["subject"] == text
    assert message["bodyPreview"] == text
    assert message["attachments"][0]["name"] == f"{text}.pdf"
    assert message["from"]["emailAddress"]["name"] == text.replace(",", "")


@pytest.mark.parametrize(("charset", "text"), SUBJECTS)
@pytest.mark.parametrize("label", ["", "; charset=x-unknown", "; charset=us-ascii", "; charset=utf-8"])
def test_a_body_without_a_charset_or_with_a_wrong_one(label: str, charset: str, text: str) -> None:
    written = encoded(f"{text}. {text}!", charset)
    message = taken(b"Subject: x\nContent-Type: text/plain%s\n\n%s\n" % (label.encode(), written))
    assert message["bodyPreview"] == f"{text}. {text}!"


def test_an_encoded_word_says_what_the_other_headers_are_in() -> None:
    message = taken(b"Subject: =?koi8-r?B?8PLp9+X0?=\nFrom: %s <a@client.example>\n\nx\n" % "ПРИВЕТ".encode("koi8-r"))
    assert message["subject"] == message["from"]["emailAddress"]["name"] == "ПРИВЕТ"


def test_lines_in_utf8_stay_so_beside_others() -> None:
    message = taken("Subject: Grüße\n".encode() + "From: Отчёт Иванов <a@client.example>\n\nx\n".encode("koi8-r"))
    assert (message["subject"], message["from"]["emailAddress"]["name"]) == ("Grüße", "Отчёт Иванов")


def test_ascii_has_no_charset() -> None:
    assert guess(b"plain\nlines") is None
    assert guess(b"") is None


@pytest.mark.parametrize("junk", [bytes(range(128, 256)), b"\xff" * 10, b"a\x81b", "é".encode() * 3_000 + b"\xff"])
def test_what_is_text_in_no_charset_is_read_all_the_same(junk: bytes) -> None:
    message = taken(b"Subject: %s\nFrom: %s\n\n%s\n" % (junk.replace(b"\n", b""), junk, junk))
    assert message["subject"]


@pytest.mark.parametrize(
    "headers",
    [
        'Content-Type: text/plain; name="notes.txt"',
        "Content-Type: text/plain\nContent-Disposition: inline; filename=notes.txt",
        'Content-Type: text/html; name="page.html"',
    ],
)
def test_a_lone_text_with_a_name_is_the_body(headers: str) -> None:
    message = taken(f"Subject: x\n{headers}\n\nHello\n".encode())
    assert (message["bodyPreview"], message["attachments"]) == ("Hello", [])


def test_named_forms_of_a_body_are_its_forms() -> None:
    message = taken(
        b"Subject: x\nContent-Type: multipart/alternative; boundary=b\n\n"
        b'--b\nContent-Type: text/plain; name="a.txt"\n\nplain\n--b\nContent-Type: text/html; name="a.html"\n\n'
        b"<p>rich</p>\n--b--\n"
    )
    assert (message["bodyPreview"], message["attachments"]) == ("rich", [])


def test_a_named_text_beside_the_body_or_sent_as_a_file_is_a_file() -> None:
    beside = taken(
        b"Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n"
        b'--b\nContent-Type: text/plain\n\nbody\n--b\nContent-Type: text/plain; name="a.txt"\n\nfile\n--b--\n'
    )
    assert (beside["bodyPreview"], [part["name"] for part in beside["attachments"]]) == ("body", ["a.txt"])
    alone = taken(
        b"Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n"
        b'--b\nContent-Type: text/plain\nContent-Disposition: attachment; filename="a.txt"\n\nfile\n--b--\n'
    )
    assert (alone["bodyPreview"], [part["name"] for part in alone["attachments"]]) == ("", ["a.txt"])
