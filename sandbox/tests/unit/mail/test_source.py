"""What of a path is mail: suffixes, mbox, Maildir, order, and what is refused by name."""

import os
import socket
from pathlib import Path

import pytest
from m365sandbox.mail.mime import message_of
from m365sandbox.mail.source import MailSourceError, read_mail

MAIL = Path(__file__).parents[2] / "fixtures" / "mail"
LETTER = b"Subject: %s\nFrom: a@client.example\n\n%s\n"


def write(folder: Path, name: str, data: bytes) -> None:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)


def names(path: Path) -> list[str]:
    return [name for name, _ in read_mail(path).messages]


def test_the_fixtures_all_import() -> None:
    source = read_mail(MAIL)
    assert source.files == len(list(MAIL.iterdir()))
    assert source.refused == []
    assert len(source.messages) == source.files


def test_only_mail_is_counted_in_the_order_of_the_sorted_paths(tmp_path: Path) -> None:
    for name in ("b/2.eml", "b/10.TXT", "a.eml", "b.eml", "notes.md", "b/logo.png", "c/deep/er/x.eml"):
        write(tmp_path, name, LETTER % (name.encode(), b"text"))
    assert names(tmp_path) == ["a.eml", "b/10.TXT", "b/2.eml", "b.eml", "c/deep/er/x.eml"]
    source = read_mail(tmp_path)
    assert source.files == 5
    assert source.left_alone == ["b/logo.png", "notes.md"]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ([], r"there is no file in .*; it takes \.eml"),
        (["a.msg", "b/old.PST"], r"left alone: a\.msg, b/old\.PST; it takes .*; save what Outlook keeps"),
        (["logo.png"], r"left alone: logo\.png; it takes \.eml, \.txt, \.mbox or Maildir$"),
        ([f"{number:02}.png" for number in range(12)], r"left alone: 00\.png, .*09\.png and 2 more;"),
    ],
)
def test_a_folder_without_mail_says_what_is_there(tmp_path: Path, files: list[str], said: str) -> None:
    for name in files:
        write(tmp_path, name, b"x")
    with pytest.raises(MailSourceError, match=said):
        read_mail(tmp_path)


def test_one_file(tmp_path: Path) -> None:
    write(tmp_path, "one.eml", LETTER % (b"one", b"text"))
    assert names(tmp_path / "one.eml") == ["one.eml"]


def test_an_mbox_is_one_file_of_many_messages(tmp_path: Path) -> None:
    mbox = (
        b"From a@client.example Mon Feb  3 10:00:00 2025\n"
        + LETTER % (b"first", b"From here on it is text\n>From me\n")
        + b"\nFrom b@client.example Mon Feb  3 11:00:00 2025\r\nSubject: second\r\n\r\n>>From quoted\r\n\r\n"
        + b"From c@client.example Mon Feb  3 12:00:00 2025\nSubject: third\n\n"
    )  # fmt: skip
    write(tmp_path, "old.mbox", mbox)
    source = read_mail(tmp_path)
    assert source.files == 1
    assert [name for name, _ in source.messages] == ["old.mbox#1", "old.mbox#2", "old.mbox#3"]
    messages = [message_of(raw) for _, raw in source.messages]
    assert [message["subject"] for message in messages] == ["first", "second", "third"]
    assert "From here on it is text\r\nFrom me" in messages[0]["bodyPreview"]
    assert messages[1]["bodyPreview"] == ">From quoted"


ENVELOPES = [
    b"From a@client.example Mon Feb  3 10:00:00 2025",
    b"From - Mon Feb 03 10:00:00 2025",
    b"From 1234@xxx Mon Feb 03 10:00:00 +0000 2025",
    b"From a@client.example  Mon, 3 Feb 2025 10:00:00 +0000",
    b"From MAILER-DAEMON Mon Feb  3 10:00:00 2025",
    b"From Mon Feb  3 10:00:00 2025",
    b"From a@client.example",
    b"From - ",
    b"From ",
    b"From",
    b"From the archive of Ann",
]


@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
@pytest.mark.parametrize("blank", [b"", b"\n"])
@pytest.mark.parametrize("envelope", ENVELOPES)
def test_a_line_that_begins_with_from_and_a_header_after_it_separate(
    tmp_path: Path, envelope: bytes, blank: bytes, ending: bytes
) -> None:
    letters = [LETTER % (b"no %d" % number, b"text of %d" % number) for number in range(3)]
    mbox = b"".join(envelope + b"\n" + letter + blank for letter in letters)
    write(tmp_path, "x.mbox", mbox.replace(b"\n", ending))
    messages = [message_of(raw) for _, raw in read_mail(tmp_path).messages]
    assert [message["subject"] for message in messages] == ["no 0", "no 1", "no 2"]
    assert [message["bodyPreview"] for message in messages] == ["text of 0", "text of 1", "text of 2"]


def test_the_envelopes_of_two_programs_in_one_mbox(tmp_path: Path) -> None:
    dated = b"From - Mon Aug  3 10:01:00 2026\n"
    write(tmp_path, "x.mbox", dated + LETTER % (b"1", b"one") + b"\nFrom \n" + LETTER % (b"2", b"two"))
    assert names(tmp_path) == ["x.mbox#1", "x.mbox#2"]


@pytest.mark.parametrize(
    "text",
    [
        b"From now on:\nNote: all is well",
        b"From Monday on, at 10:00\nwe are closed",
        b"\nFrom Monday 3 March 10:00 we are closed",
        b"From the desk of Ann\nRegards: Ann\n\nbye",
        b"From:\nSubject: not a separator",
        b">From a@client.example Mon Feb  3 10:00:00 2025\nSubject: quoted\n",
        b"Fromage\nTo: lunch",
    ],
)
def test_text_that_begins_with_from_separates_nothing(tmp_path: Path, text: bytes) -> None:
    mbox = b"From a@client.example Mon Feb  3 10:00:00 2025\n" + LETTER % (b"first", b"text\n" + text)
    write(tmp_path, "x.mbox", mbox + b"\nFrom b@client.example Mon Feb  3 11:00:00 2025\n" + LETTER % (b"second", b""))
    messages = [message_of(raw) for _, raw in read_mail(tmp_path).messages]
    assert [message["subject"] for message in messages] == ["first", "second"]


def test_a_message_before_the_first_separator_is_one_too(tmp_path: Path) -> None:
    mbox = LETTER % (b"first", b"text") + b"\nFrom - \n" + LETTER % (b"second", b"text")
    write(tmp_path, "x.mbox", mbox)
    assert [message_of(raw)["subject"] for _, raw in read_mail(tmp_path).messages] == ["first", "second"]


@pytest.mark.parametrize(
    "lead",
    [
        b"\n",
        b"\r\n\r\n",
        b" " * 300 + b"\n",
        b" ",
        b"\t\n  ",
        b"\xef\xbb\xbf\n",
        b"\xc2\xa0\n",
        b"\n\nFrom a@client.example Mon Feb  3 10:00:00 2025\n",
    ],
)
def test_blank_lines_and_spaces_before_the_first_header_are_no_body(tmp_path: Path, lead: bytes) -> None:
    write(tmp_path, "x.eml", lead + LETTER % (b"shown", b"text"))
    ((_, raw),) = read_mail(tmp_path).messages
    message = message_of(raw)
    assert (message["subject"], message["bodyPreview"]) == ("shown", "text")
    assert message["from"]["emailAddress"]["address"] == "a@client.example"


def test_a_mail_that_is_indented_as_a_whole_is_moved_to_the_margin() -> None:
    letter = b"Subject: shown\nTo: b@client.example\n\tand more\n\nfirst\n  second\n"
    message = message_of(b"\n" + b"".join(b"    " + line for line in letter.splitlines(keepends=True)))
    assert message["subject"] == "shown"
    assert message["bodyPreview"] == "first\r\n  second"


@pytest.mark.parametrize("text", [b"\nNote: this is text\n", b"\n\nHello\nFrom: me\n", b"  indented text\n"])
def test_text_after_a_blank_line_stays_text(text: bytes) -> None:
    message = message_of(text)
    assert message["subject"] == ""
    assert message["bodyPreview"].split() == text.decode().split()


def test_an_mbox_without_separators_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "odd.mbox", b"Subject: x\n\ntext\n")
    (refusal,) = read_mail(tmp_path).refused
    assert refusal["file"] == "odd.mbox"
    assert "'From '" in refusal["reason"]


def test_a_maildir_is_read_whatever_its_files_are_called(tmp_path: Path) -> None:
    write(tmp_path, "Inbox/cur/1700000000.M1P2.host:2,S", LETTER % (b"seen", b"text"))
    write(tmp_path, "Inbox/new/1700000001.M1P3.host", LETTER % (b"new", b"text"))
    write(tmp_path, "Inbox/tmp/1700000002.M1P4.host", LETTER % (b"unfinished", b"text"))
    write(tmp_path, "Inbox/.Sent/cur/1700000003.M1P5.host:2,", LETTER % (b"sent", b"text"))
    write(tmp_path, "Inbox/dovecot-uidlist", b"3 V1")
    source = read_mail(tmp_path)
    assert source.files == 3
    assert [message_of(raw)["subject"] for _, raw in source.messages] == ["sent", "seen", "new"]


def test_an_ordinary_folder_called_new_is_no_maildir(tmp_path: Path) -> None:
    write(tmp_path, "new/picture.png", b"\x89PNG")
    write(tmp_path, "new/letter.eml", LETTER % (b"x", b"text"))
    assert names(tmp_path) == ["new/letter.eml"]
    assert read_mail(tmp_path).files == 1


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "the file is empty"),
        (b" \r\n\n", "the file is empty"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0\0", "not a mail message: no header line, and its content is not text"),
    ],
)
def test_what_is_no_message_is_refused_and_the_rest_goes_on(tmp_path: Path, data: bytes, reason: str) -> None:
    write(tmp_path, "bad.eml", data)
    write(tmp_path, "good.eml", LETTER % (b"good", b"text"))
    source = read_mail(tmp_path)
    assert source.refused == [{"file": "bad.eml", "reason": reason}]
    assert [name for name, _ in source.messages] == ["good.eml"]
    assert source.files == 2


def test_a_link_to_nowhere_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "gone.eml").symlink_to(tmp_path / "nowhere")
    (refusal,) = read_mail(tmp_path).refused
    assert refusal["file"] == "gone.eml"
    assert refusal["reason"].startswith("cannot be read: ")


def test_a_file_name_that_is_not_utf8_can_still_be_printed(tmp_path: Path) -> None:
    write(tmp_path, "caf\udce9.eml", b"")
    (refusal,) = read_mail(tmp_path).refused
    assert refusal["file"].encode("utf-8") == "caf\ufffd.eml".encode()


def test_a_path_that_is_no_mail_says_so(tmp_path: Path) -> None:
    with pytest.raises(MailSourceError, match=r"no such file or folder: .*absent"):
        read_mail(tmp_path / "absent")
    write(tmp_path, "x.docx", b"PK")
    with pytest.raises(MailSourceError, match=r"not a mail file: .*x\.docx \(\.eml, \.txt or \.mbox"):
        read_mail(tmp_path / "x.docx")


# -- what is no ordinary file -----------------------------------------------------------------------------------------


def odd_files(folder: Path) -> set[str]:
    """A pipe, a socket, devices and links to them, links that lead nowhere or round; each with the name of a mail."""
    os.mkfifo(folder / "pipe.eml")
    os.mkfifo(folder / "pipe.mbox")
    with socket.socket(socket.AF_UNIX) as made:
        before = Path.cwd()
        os.chdir(folder)  # a path of a socket is short
        try:
            made.bind("socket.eml")
        finally:
            os.chdir(before)
    for name, target in {
        "device.eml": "/dev/zero",
        "device.mbox": "/dev/zero",
        "null.txt": "/dev/null",
        "terminal.eml": "/dev/tty",
        "to-pipe.eml": "pipe.eml",
        "nowhere.eml": "no-such-file",
        "round.eml": "round.eml",
        "there.mbox": "back.mbox",
        "back.mbox": "there.mbox",
        "up.eml": ".",
    }.items():
        (folder / name).symlink_to(target)
    cur = folder / "box" / "cur"
    cur.mkdir(parents=True)
    (folder / "box" / "new").mkdir()
    os.mkfifo(cur / "1:2,S")
    return {path.name for path in folder.iterdir()} - {"box", "up.eml"}


def test_what_is_no_ordinary_file_is_left_alone_and_named(tmp_path: Path) -> None:
    odd = odd_files(tmp_path)
    write(tmp_path, "real/letter.eml", LETTER % (b"one", b"text"))
    (tmp_path / "link.eml").symlink_to("real/letter.eml")
    source = read_mail(tmp_path)
    assert [name for name, _ in source.messages] == ["link.eml", "real/letter.eml"]
    dangling = {"nowhere.eml", "round.eml", "there.mbox", "back.mbox"}
    assert set(source.left_alone) == (odd - dangling - {"link.eml"}) | {"box/cur/1:2,S"}
    assert {item["file"] for item in source.refused} == dangling
    assert all(item["reason"].startswith("cannot be read: ") for item in source.refused)
    assert source.files == 2 + len(dangling)


@pytest.mark.parametrize("name", ["pipe.eml", "device.mbox", "socket.eml", "to-pipe.eml"])
def test_one_that_is_named_alone_is_refused(tmp_path: Path, name: str) -> None:
    odd_files(tmp_path)
    with pytest.raises(MailSourceError, match="not an ordinary file"):
        read_mail(tmp_path / name)


@pytest.mark.parametrize("name", ["nowhere.eml", "round.eml", "there.mbox"])
def test_a_link_that_leads_nowhere_is_no_file(tmp_path: Path, name: str) -> None:
    odd_files(tmp_path)
    with pytest.raises(MailSourceError):
        read_mail(tmp_path / name)
