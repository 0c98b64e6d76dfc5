"""The control API: /sandbox/…, with which a test or an admin at play arranges what the two services hold and do."""

from collections.abc import Callable
from urllib.parse import unquote

from m365sandbox.control import responses
from m365sandbox.control.fields import ControlError, bad, not_found
from m365sandbox.graph.service import UnknownMailboxError
from m365sandbox.wire import Request, Response
from m365sandbox.world import World

Handler = Callable[..., Response]

# By path, `*` being one segment that is handed on; then by method.
ROUTES: dict[tuple[str, ...], dict[str, Handler]] = {
    ("reset",): {"POST": responses.reset},
    ("clock",): {"POST": responses.set_clock},
    ("mailboxes",): {"POST": responses.create_mailbox},
    ("mailboxes", "*"): {"PATCH": responses.patch_mailbox, "DELETE": responses.delete_mailbox},
    ("mailboxes", "*", "messages"): {"POST": responses.add_message},
    ("users",): {"POST": responses.create_user},
    ("org",): {"PATCH": responses.patch_org},
    ("tenant",): {"PATCH": responses.patch_tenant},
    ("rules",): {"POST": responses.add_rule, "DELETE": responses.delete_rules},
    ("faults",): {
        "POST": responses.plant_fault,
        "GET": responses.list_faults,
        "DELETE": responses.delete_faults,
    },
    ("requests",): {"GET": responses.list_requests, "DELETE": responses.delete_requests},
    ("apps",): {"POST": responses.register_app},
    ("apps", "*"): {"PATCH": responses.patch_app},
}


class ControlApi:
    """Answers control calls on one world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def handle(self, request: Request) -> Response:
        """Answer one request. Never raises for what a client can send."""
        try:
            handler, keys = _find(request)
            return handler(self._world, request, *keys)
        except ControlError as refusal:
            return refusal.response()
        except UnknownMailboxError as exc:
            return not_found(str(exc)).response()
        except (ValueError, OverflowError) as exc:
            return bad(str(exc)).response()


def _find(request: Request) -> tuple[Handler, list[str]]:
    segments = [unquote(part) for part in (request.raw_path or request.path).strip("/").split("/")][1:]
    for pattern, methods in ROUTES.items():
        if len(pattern) == len(segments) and all(
            want in ("*", got) for want, got in zip(pattern, segments, strict=True)
        ):
            if request.method not in methods:
                raise ControlError(405, f"{request.method} is not possible here, only {', '.join(methods)}")
            return methods[request.method], [got for want, got in zip(pattern, segments, strict=True) if want == "*"]
    raise not_found(f"there is no {request.path}")
