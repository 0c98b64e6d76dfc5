"""Rules of sign-in, access, throttling, weather and the generated firm."""

from tests.mutants import Mutant

_ENTRA = "connector/sandbox/entra"
_TESTS = "tests/unit/sandbox"
_PEOPLE = f"{_TESTS}/test_entra_people.py"
_CERTIFICATES = f"{_TESTS}/test_entra_certificates.py"
_ACCESS = "connector/sandbox/graph/access.py"
_ACCESS_TESTS = f"{_TESTS}/test_graph_access.py"
_WEATHER = "connector/sandbox/weather.py"
_WEATHER_TESTS = f"{_TESTS}/test_weather.py"

MUTANTS = [
    Mutant(
        f"{_ENTRA}/clients.py",
        "    if app.secret_has_expired:\n        raise errors.expired_secret(app.client_id)\n",
        "",
        f"{_TESTS}/test_entra.py::test_a_secret_can_run_out",
    ),
    Mutant(
        f"{_ENTRA}/clients.py",
        "        if given:\n            raise errors.client_is_public()\n",
        "",
        f"{_PEOPLE}::test_a_public_app_needs_no_secret_and_must_not_have_one",
    ),
    Mutant(
        f"{_ENTRA}/clients.py",
        "    if not given:\n        raise errors.credential_missing()\n",
        "    if not given:\n        return BY_SECRET\n",
        f"{_PEOPLE}::test_a_code_is_good_once_and_for_its_app_and_address_only",
    ),
    Mutant(
        f"{_ENTRA}/assertion.py",
        "not any(str(name).lower() in audiences for name in named)",
        "not named",
        f"{_CERTIFICATES}::test_what_is_wrong_with_an_assertion",
    ),
    Mutant(
        f"{_ENTRA}/assertion.py",
        'for name in ("iss", "sub")',
        'for name in ("iss",)',
        f"{_CERTIFICATES}::test_what_is_wrong_with_an_assertion",
    ),
    Mutant(
        f"{_ENTRA}/assertion.py",
        '"verify_signature": True',
        '"verify_signature": False',
        f"{_CERTIFICATES}::test_a_signature_of_another_key",
    ),
    Mutant(
        f"{_ENTRA}/assertion.py",
        "exp > now - _SKEW_SECONDS",
        "exp > 0",
        f"{_CERTIFICATES}::test_what_is_wrong_with_an_assertion",
    ),
    Mutant(
        f"{_ENTRA}/assertion.py",
        "certificate.not_valid_after_utc <= datetime.now(UTC)",
        "False",
        f"{_CERTIFICATES}::test_what_is_wrong_with_an_assertion",
    ),
    Mutant(
        f"{_ENTRA}/grants.py",
        "        if code.redeemed:\n            raise errors.code_redeemed()\n",
        "",
        f"{_PEOPLE}::test_a_code_is_good_once_and_for_its_app_and_address_only",
    ),
    Mutant(
        f"{_ENTRA}/grants.py",
        "self._clock() - code.issued > CODE_SECONDS",
        "False",
        f"{_PEOPLE}::test_a_code_runs_out",
    ),
    Mutant(
        f"{_ENTRA}/grants.py",
        " or not hmac.compare_digest(seal, self._seal(raw))",
        "",
        f"{_PEOPLE}::test_refresh_tokens_that_do_not_hold",
    ),
    Mutant(
        f"{_ENTRA}/token.py",
        "challenge_of(verifier, method) != challenge",
        "False",
        f"{_PEOPLE}::test_the_verifier_has_to_fit",
    ),
    Mutant(
        f"{_ENTRA}/token.py",
        'form["redirect_uri"] != code.redirect_uri',
        "False",
        f"{_PEOPLE}::test_a_code_is_good_once_and_for_its_app_and_address_only",
    ),
    Mutant(
        f"{_ENTRA}/token.py",
        "granted < person.valid_from",
        "False",
        f"{_PEOPLE}::test_refresh_tokens_that_do_not_hold",
    ),
    Mutant(
        f"{_ENTRA}/authorize.py",
        "not app.redirects_to(uri)",
        "False",
        f"{_PEOPLE}::test_what_a_browser_shows_instead",
    ),
    Mutant(
        f"{_ENTRA}/apps.py",
        "left.hostname not in _LOOPBACK_HOSTS or ",
        "",
        f"{_PEOPLE}::test_other_addresses_are_compared_exactly",
    ),
    Mutant(
        f"{_ENTRA}/scopes.py",
        "permission not in app.scopes",
        "False",
        f"{_PEOPLE}::test_what_goes_back_to_the_client",
    ),
    Mutant(
        f"{_ENTRA}/clouds.py",
        'return audience in (f"https://{host}", GRAPH_ID)',
        "return True",
        f"{_TESTS}/test_entra.py::test_a_national_cloud_has_its_own_graph",
    ),
    Mutant(
        _ACCESS,
        "and not app.access_policy.allows(name)",
        "and False",
        f"{_ACCESS_TESTS}::test_an_application_access_policy",
    ),
    Mutant(
        _ACCESS,
        "(mailbox is None or name in app.mailboxes)",
        "True",
        f"{_ACCESS_TESTS}::test_a_scope_in_exchange_reaches_its_mailboxes_only",
    ),
    Mutant(
        _ACCESS,
        "    if not caller.has_full_access_to(mailbox):\n        raise not_shared()\n",
        "",
        f"{_ACCESS_TESTS}::test_shared_mailboxes_need_the_shared_scope_and_full_access",
    ),
    Mutant(
        _ACCESS,
        "% 5 == 0",
        "< 0",
        f"{_ACCESS_TESTS}::test_a_mailbox_that_is_not_served_flips_its_code",
    ),
    Mutant(
        "connector/sandbox/graph/throttle.py",
        "key = (app, mailbox)\n        if most",
        'key = ("", mailbox)\n        if most',
        f"{_ACCESS_TESTS}::test_limits_count_for_each_app",
    ),
    Mutant(
        "connector/sandbox/graph/directory.py",
        '("ok" if given.get("userType") != "Guest" else "unlicensed")',
        '"ok"',
        f"{_ACCESS_TESTS}::test_a_guest_has_no_mailbox",
    ),
    Mutant(
        "connector/sandbox/server.py",
        "fault = fault or self._weather()",
        "fault = self._weather() or fault",
        f"{_WEATHER_TESTS}::test_a_planted_fault_comes_before_the_weather",
    ),
    Mutant(
        "connector/sandbox/server.py",
        "            self.app.weather.spare(*self._known_as())\n",
        "            pass\n",
        f"{_WEATHER_TESTS}::test_a_planted_fault_comes_before_the_weather",
    ),
    Mutant(
        _WEATHER,
        "        if key in self._spared:\n            self._spared.discard(key)\n            return None\n",
        "",
        f"{_WEATHER_TESTS}::test_what_was_refused_is_let_through_when_it_comes_again",
    ),
    Mutant(
        _WEATHER,
        "            self._resting[subject] -= 1\n            return None\n",
        "            self._resting[subject] -= 1\n",
        f"{_WEATHER_TESTS}::test_a_mailbox_that_had_bad_luck_rests",
    ),
    Mutant(
        _WEATHER,
        "share * _page_size(target) / _LARGEST_PAGE",
        "share",
        f"{_WEATHER_TESTS}::test_large_pages_run_into_more_timeouts",
    ),
    Mutant(
        _WEATHER,
        'random.Random(f"{self._seed}:{service}")',
        'random.Random(f"{service}")',
        f"{_WEATHER_TESTS}::test_the_same_seed_draws_the_same_weather",
    ),
    Mutant(
        "connector/sandbox/firm/large_people.py",
        "owner = number - 1 if number % _SHARED_ADDRESS_EVERY == _SHARED_ADDRESS_EVERY - 1 else number",
        "owner = number",
        f"{_TESTS}/test_firm.py::test_families_share_an_address_and_some_clients_have_two",
    ),
    Mutant(
        "connector/sandbox/firm/large_mail.py",
        "when + self.transport",
        "when",
        f"{_TESTS}/test_firm.py::test_generated_copies_are_one_mail_in_several_mailboxes",
    ),
]
