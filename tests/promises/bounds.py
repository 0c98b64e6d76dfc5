"""What a service or a sender can make the connector spend, and where requests may go."""

from testkit.promise import Promise

PROMISES = [
    Promise(
        says="A token goes to the host of its service only, whatever address an answer names (issue 13, scope 5)",
        where="connector.http.address:Origin.address",
        change=("if found is None or found[0] != self:", "if found is None:"),
        caught_by="tests/unit/http/test_address.py::test_an_odd_address_is_refused_by_name_and_never_asked",
    ),
    Promise(
        says="An answer that trickles for ever ends (issue 13, scope 4)",
        where="connector.http.bounds:AnswerBound.patience",
        change=("if left <= 0:", "if False:"),
        caught_by="tests/unit/http/test_bounds.py::test_an_answer_that_trickles_for_ever_is_no_answer_in_time",
    ),
]
