"""The door to the network, the places of a mailbox, bundles, and Graph's answers."""

from tests.mutants import Mutant

_HTTP = "connector/http.py"
_SLOTS = "connector/graph/slots.py"
_COALESCE = "connector/graph/coalesce.py"
_HTTP_TESTS = "tests/unit/test_http.py"
_SLOTS_TESTS = "tests/unit/graph/test_slots.py"
_COALESCE_TESTS = "tests/unit/graph/test_coalesce.py"

MUTANTS = [
    Mutant(
        "connector/graph/client.py",
        "if status == 403 or (status == 404 and code == _HIDDEN):",
        "if status == 403:",
        "tests/unit/graph/test_client.py::test_a_mailbox_that_hides_itself_is_one_that_denies_access",
    ),
    Mutant(
        _HTTP,
        "        if self._counted and urlsplit(url).path.startswith(self._counted):",
        "        if True:",
        f"{_HTTP_TESTS}::test_only_requests_below_the_counted_path_are_calls",
    ),
    Mutant(
        _HTTP,
        "        with self._door.in_flight:\n",
        "        if True:\n",
        f"{_HTTP_TESTS}::test_no_more_requests_are_in_flight_than_workers",
    ),
    Mutant(_HTTP, "if _origin(url) != self._origin:", "if False:", f"{_HTTP_TESTS}::test_another_host_is_never_asked"),
    Mutant(
        _HTTP,
        'how["allow_redirects"] = False',
        'how["allow_redirects"] = True',
        f"{_HTTP_TESTS}::test_a_redirect_is_not_followed",
    ),
    Mutant(
        _HTTP,
        "        self._token.drop(token)\n",
        "",
        f"{_HTTP_TESTS}::test_a_refused_token_is_dropped_and_the_request_sent_once_more",
    ),
    Mutant(
        _HTTP,
        "        if answer.status_code != 401:\n            return answer\n",
        "        return answer\n",
        f"{_HTTP_TESTS}::test_a_second_refusal_is_handed_back",
    ),
    Mutant(
        _HTTP,
        "if isinstance(error, requests.Timeout) and not self._patient:",
        "if False:",
        f"{_HTTP_TESTS}::test_an_impatient_request_is_not_repeated_after_a_timeout",
    ),
    Mutant(
        _HTTP,
        'if not self._any_body and not how.get("stream"):\n                _require_json(answer)',
        "pass",
        f"{_HTTP_TESTS}::test_a_good_status_with_a_body_that_is_not_json_is_tried_again",
    ),
    Mutant(
        _HTTP,
        "idempotent=self._safe or (error is not None and never_connected(error)),",
        "idempotent=self._safe,",
        f"{_HTTP_TESTS}::test_a_refused_connection_was_never_sent_so_even_a_post_is_tried_again",
    ),
    Mutant(
        _HTTP,
        "idempotent=self._safe or (error is not None and never_connected(error)),",
        "idempotent=True,",
        f"{_HTTP_TESTS}::test_a_post_goes_again_where_that_does_no_harm",
    ),
    Mutant(
        _HTTP,
        "(served_at(answer) if answer is not None else None) or door.now()",
        "door.now()",
        f"{_HTTP_TESTS}::test_a_retry_after_date_counts_from_the_answers_own_date",
    ),
    Mutant(
        _HTTP,
        "method in _SAFE if idempotent is None else idempotent",
        "True",
        f"{_HTTP_TESTS}::test_a_lost_connection_is_final_for_what_may_have_taken_effect",
    ),
    Mutant(
        _HTTP,
        "elapsed=state.idle_for,",
        "elapsed=0.0,",
        f"{_HTTP_TESTS}::test_the_waits_of_one_request_are_bounded_together",
    ),
    Mutant(
        _HTTP,
        'retry_after=None if answer is None else answer.headers.get("Retry-After"),',
        "retry_after=None,",
        f"{_HTTP_TESTS}::test_waits_as_long_as_retry_after_says",
    ),
    Mutant(_HTTP, 'plain = _QUOTED.sub("({id})", path)', "plain = path", f"{_HTTP_TESTS}::test_template"),
    Mutant(
        _HTTP,
        '"{id}" if _ID.fullmatch(part) else part for part',
        "part for part",
        f"{_HTTP_TESTS}::test_what_is_logged_names_no_person_and_no_query",
    ),
    Mutant(
        _HTTP,
        'how = how if data is None else {**how, "data": data}',
        "how = how",
        f"{_HTTP_TESTS}::test_a_body_that_cannot_be_read_ends_the_request",
    ),
    Mutant(
        _SLOTS,
        'raise ValueError("more places of one mailbox than there are")',
        "wanted = dict.fromkeys(wanted, 1)",
        f"{_SLOTS_TESTS}::test_more_than_there_are_is_a_mistake",
    ),
    Mutant(
        _SLOTS,
        "if blocked.isdisjoint(turn.wanted) and self._fits(turn.wanted):",
        "if self._fits(turn.wanted):",
        f"{_SLOTS_TESTS}::test_all_places_are_taken_at_once_and_nobody_overtakes",
    ),
    Mutant(
        _SLOTS,
        "self._taken[mailbox] + count <= self.per_mailbox for",
        "self._taken[mailbox] + count <= self.per_mailbox + 1 for",
        f"{_SLOTS_TESTS}::test_all_places_are_taken_at_once_and_nobody_overtakes",
    ),
    Mutant(
        _SLOTS,
        "or any(mailbox in turn.wanted for turn in self._waiting):",
        "or False:",
        f"{_SLOTS_TESTS}::test_what_is_claimed_does_not_overtake_who_waits",
    ),
    Mutant(
        _COALESCE,
        "raise copy.copy(answer) from answer\n        return answer or",
        "raise answer\n        return answer or",
        f"{_COALESCE_TESTS}::test_an_error_reaches_all_that_wait_each_with_an_object_of_its_own",
    ),
    Mutant(
        _COALESCE,
        "return answer or self._ask_alone(request)",
        "return answer",
        f"{_COALESCE_TESTS}::test_what_failed_inside_a_bundle_is_asked_again_alone",
    ),
    Mutant(
        _COALESCE,
        "                    self._messages.drop(set(tickets))\n",
        "                    pass\n",
        f"{_COALESCE_TESTS}::test_what_nobody_waits_for_any_more_is_not_sent",
    ),
    Mutant(
        _COALESCE,
        "while queue and len(taken) < most and claim(user):",
        "while queue and len(taken) < most:",
        f"{_COALESCE_TESTS}::test_a_mailbox_whose_places_are_taken_holds_nobody_up",
    ),
    Mutant(
        _COALESCE,
        "while queue and len(taken) < most and claim(user):",
        "while queue and claim(user):",
        f"{_COALESCE_TESTS}::test_many_threads_are_all_answered_with_few_requests_at_once",
    ),
    Mutant(
        _COALESCE,
        "return self._slots.per_mailbox * len(self._users) <= FEW",
        "return False",
        f"{_COALESCE_TESTS}::test_the_lists_of_a_few_mailboxes_are_plain_requests",
    ),
    Mutant(
        _COALESCE,
        "return min(self._most, places",
        "return min(999, places",
        f"{_COALESCE_TESTS}::test_what_has_to_wait_goes_together_and_each_gets_its_own_answer",
    ),
    Mutant(
        _COALESCE,
        "if len(tickets) == 1 and bundle.lists:",
        "if len(tickets) == 1:",
        f"{_COALESCE_TESTS}::test_a_single_message_goes_by_batch",
    ),
    Mutant(
        _COALESCE,
        "answers = [None if answer is None else (answer, served) for answer in found]",
        "answers = [(answer, served) for answer in found]",
        f"{_COALESCE_TESTS}::test_a_single_message_goes_by_batch",
    ),
]
