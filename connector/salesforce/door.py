"""What an answer of Salesforce that cannot be read means: a failure of that service, by name, and no error of ours.

Answers are read by their shape, as documented. A value of another kind in some place of one (a proxy that rewrites, a
change of the platform) shows as a TypeError or KeyError deep in the reading; each public method of an adapter is a door
at which that is told for what it is.
"""

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from connector.errors import UnreadableAnswerError
from connector.http.answers import UNREADABLE

_P = ParamSpec("_P")
_T = TypeVar("_T")


def reads_answers(method: Callable[_P, _T]) -> Callable[_P, _T]:
    """A method that raises UnreadableAnswerError where an answer is not what it has to be. Not for generators."""

    @functools.wraps(method)
    def at_the_door(*args: _P.args, **how: _P.kwargs) -> _T:
        try:
            return method(*args, **how)
        except UNREADABLE as error:
            raise UnreadableAnswerError(
                f"Salesforce answered with something that cannot be read ({type(error).__name__})",
                where=method.__qualname__,
                remedy="A proxy or gateway may stand between; try again, and report it with the log of --debug.",
            ) from error

    return at_the_door
