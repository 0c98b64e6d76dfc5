import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.core.deciding.address import domain_of, is_smtp, normalise, readable

SAMPLES = st.one_of(
    st.text(max_size=40),
    st.text(alphabet="aB.@<>'\"* \tİßΣ。＠ü\u200b\ud800\x00:mailto-_", max_size=30),
    st.builds("{}@{}".format, st.text(max_size=10), st.text(max_size=20)),
)


@pytest.mark.parametrize(
    ("given_address", "expected"),
    [
        ("Ada@Client.Example", "ada@client.example"),
        ("  ada@client.example\r\n", "ada@client.example"),
        ("<ada@client.example>", "ada@client.example"),
        ("mailto:Ada@client.example", "ada@client.example"),
        ("MAILTO:<ada@client.example>", "ada@client.example"),
        ("'ada@client.example'", "ada@client.example"),
        ("o'neil@client.example", "o'neil@client.example"),
        ("ada@client.example.", "ada@client.example"),
        ("ada@Bücher.example", "ada@xn--bcher-kva.example"),
        ("ada@XN--BCHER-KVA.example", "ada@xn--bcher-kva.example"),
        ("ada@ｃlient.example", "ada@client.example"),
        ("ada@bücher。example", "ada@xn--bcher-kva.example"),
        ("ada@faß.example", "ada@xn--fa-hia.example"),
        ("ada@under_score.example", "ada@under_score.example"),
        ("ada@bü_cher.example", "ada@bü_cher.example"),
        ("ad\u200ba@client.example\ufeff", "ada@client.example"),
        ("ada\x00@client.example", "ada@client.example"),
        ("ada\ud83d@client.example", "ada@client.example"),
        ("/O=EXCHANGELABS/OU=Staff/CN=Ada", "/o=exchangelabs/ou=staff/cn=ada"),
        ("", ""),
        ("<>", ""),
        ("@", "@"),
    ],
)
def test_an_address_has_one_spelling(given_address: str, expected: str) -> None:
    assert normalise(given_address) == expected


@settings(deadline=None)
@given(SAMPLES)
def test_normalising_never_fails_and_twice_is_once(address: str) -> None:
    once = normalise(address)
    assert normalise(once) == once
    once.encode("utf-8")  # no lone surrogate is left


@settings(deadline=None)
@given(st.from_regex(r"[a-z0-9.+-]{1,12}@[a-z0-9]{1,8}\.example", fullmatch=True).filter(lambda a: a.isascii()))
def test_case_and_wrapping_do_not_matter(address: str) -> None:
    assert normalise(f" <mailto:{address.upper()}> ") == normalise(address) == address


@pytest.mark.parametrize("address", ["a@b", "o'neil+tag@client.example", "ü@xn--bcher-kva.example"])
def test_smtp_addresses(address: str) -> None:
    assert is_smtp(address)


@pytest.mark.parametrize("address", ["", "@", "a@", "@b", "a@b@c", "/o=x/cn=a", "Sales Team", "a b@c"])
def test_not_smtp_addresses(address: str) -> None:
    assert not is_smtp(address)


def test_domain_of() -> None:
    assert domain_of("a@client.example") == "client.example"
    assert domain_of("a@b@client.example") == "client.example"
    assert domain_of("no address") == ""


def test_readable_is_what_a_person_writes() -> None:
    assert readable(normalise("ada@Bücher.example")) == "ada@bücher.example"
    assert readable(normalise("ada@xn--broken-.example")) == "ada@xn--broken-.example"
    assert readable(normalise("ada@client.example")) == "ada@client.example"


def test_a_very_long_domain_is_not_handed_to_idna() -> None:
    address = "a@" + "ü" * 5000
    assert normalise(address) == address
