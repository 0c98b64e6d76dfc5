"""What each control call does, on the world that it is given."""

from datetime import datetime, timedelta
from typing import Any

from m365sandbox.control.fields import bad, instant, json_object, not_found, of_type, parameters, texts
from m365sandbox.graph.delivery.delivery import NewMessage
from m365sandbox.mail.mime import message_of
from m365sandbox.traffic import FaultError
from m365sandbox.weather import GIVEN_WEATHER
from m365sandbox.wire import Request, Response
from m365sandbox.world import World

_FIRST_YEAR = 1990
_LAST_YEAR = 2200
LOG_SERVICES = ("graph", "entra", "salesforce", "salesforce-auth")


def reset(world: World, request: Request) -> Response:
    """POST /sandbox/reset."""
    if request.body.strip():
        json_object(request, ())
    world.reset()
    return Response.of_json({})


def set_clock(world: World, request: Request) -> Response:
    """POST /sandbox/clock."""
    wanted = json_object(request, ("now", "advance_seconds", "real"))
    if len(wanted) != 1:
        raise bad("one of now, advance_seconds and real is needed")
    if "real" in wanted:
        if wanted["real"] is not True:
            raise bad("real can only be true")
        world.clock.use_real_time()
    else:
        moment = instant(wanted["now"], "now") if "now" in wanted else _advanced(world, wanted["advance_seconds"])
        if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
            raise bad(f"the clock goes from {_FIRST_YEAR} to {_LAST_YEAR}")
        world.clock.set(moment)
    now = world.clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return Response.of_json({"now": now})


def _advanced(world: World, seconds: Any) -> datetime:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise bad("advance_seconds must be a number")
    return world.clock.now() + timedelta(seconds=seconds)


def create_mailbox(world: World, request: Request) -> Response:
    """POST /sandbox/mailboxes."""
    return Response.of_json({"id": world.graph.create_mailbox(**json_object(request))}, 201)


def patch_mailbox(world: World, request: Request, upn: str) -> Response:
    """PATCH /sandbox/mailboxes/{upn}."""
    return Response.of_json({"id": world.graph.patch_mailbox(upn, **json_object(request))})


def delete_mailbox(world: World, _: Request, upn: str) -> Response:
    """DELETE /sandbox/mailboxes/{upn}."""
    world.graph.delete_mailbox(upn)
    return Response.of_json({})


def add_message(world: World, request: Request, upn: str) -> Response:
    """POST /sandbox/mailboxes/{upn}/messages."""
    options = parameters(request, ("received", "folder"))
    received = instant(options["received"], "received") if "received" in options else None
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    mime: bytes | None = None
    message: dict[str, Any]
    if kind == "message/rfc822":
        mime = request.body
        message = message_of(mime, encode=False)
    elif kind == "application/json":
        message = json_object(request)
    else:
        raise bad("Content-Type must be message/rfc822 or application/json")
    new = NewMessage(upn, message, received, options.get("folder", "inbox"), mime)
    return Response.of_json(world.graph.add_messages([new])[0], 201)


def create_user(world: World, request: Request) -> Response:
    """POST /sandbox/users."""
    known = ("username", "name", "email", "active", "permissionSets", "permissionSetGroups")
    wanted = json_object(request, known)
    username = of_type(wanted, "username", str, "")
    if not username:
        raise bad("username is needed")
    user = world.salesforce.create_user(
        username=username,
        name=of_type(wanted, "name", str, username.partition("@")[0]),
        email=of_type(wanted, "email", str, username),
        active=of_type(wanted, "active", bool, True),
        permission_sets=texts(wanted, "permissionSets"),
        permission_set_groups=texts(wanted, "permissionSetGroups"),
    )
    return Response.of_json({"id": user["id"], "access_token": user["access_token"]}, 201)


def patch_org(world: World, request: Request) -> Response:
    """PATCH /sandbox/org."""
    return Response.of_json(world.salesforce.patch_org(json_object(request)))


def patch_tenant(world: World, request: Request) -> Response:
    """PATCH /sandbox/tenant. Weather brings Outlook's limits along, unless the same call says otherwise."""
    wanted = json_object(request)
    season = {name: wanted.pop(name) for name in GIVEN_WEATHER if name in wanted}
    world.weather.check(season)
    world.graph.patch_tenant(wanted)
    limits = {name: value for name, value in world.weather.change(season).items() if name not in wanted}
    return Response.of_json({**world.graph.patch_tenant(limits), **world.weather.as_json()})


def register_app(world: World, request: Request) -> Response:
    """POST /sandbox/apps."""
    apps = world.entra.tokens.apps
    app = apps.register(json_object(request))
    world.keep_apps(apps.state())
    return Response.of_json({"client_id": app.client_id, "client_secret": app.secret or None}, 201)


def patch_app(world: World, request: Request, client_id: str) -> Response:
    """PATCH /sandbox/apps/{client_id}."""
    apps = world.entra.tokens.apps
    try:
        app = apps.change(client_id, json_object(request))
    except LookupError as exc:
        raise not_found(str(exc)) from exc
    world.keep_apps(apps.state())
    return Response.of_json({"client_id": app.client_id})


def add_rule(world: World, request: Request) -> Response:
    """POST /sandbox/rules."""
    wanted = json_object(request, ("object", "when", "message", "field", "code"))
    for name in ("object", "when", "message"):
        if not of_type(wanted, name, str, ""):
            raise bad(f"{name} is needed")
    identifier = world.salesforce.add_rule(
        wanted["object"],
        wanted["when"],
        wanted["message"],
        of_type(wanted, "field", str, ""),
        of_type(wanted, "code", str, ""),
    )
    return Response.of_json({"id": identifier}, 201)


def delete_rules(world: World, _: Request) -> Response:
    """DELETE /sandbox/rules."""
    world.salesforce.delete_rules()
    return Response.of_json({})


def plant_fault(world: World, request: Request) -> Response:
    """POST /sandbox/faults."""
    try:
        fault = world.faults.plant(json_object(request))
    except FaultError as exc:
        raise bad(str(exc)) from exc
    return Response.of_json({"id": fault.id}, 201)


def list_faults(world: World, _: Request) -> Response:
    """GET /sandbox/faults."""
    return Response.of_json({"faults": [fault.as_json() for fault in world.faults.listed()]})


def delete_faults(world: World, _: Request) -> Response:
    """DELETE /sandbox/faults."""
    world.faults.clear()
    return Response.of_json({})


def list_requests(world: World, request: Request) -> Response:
    """GET /sandbox/requests."""
    service = parameters(request, ("service",)).get("service")
    if service is not None and service not in LOG_SERVICES:
        raise bad(f"service must be one of {', '.join(LOG_SERVICES)}")
    return Response.of_json({"requests": [logged.as_json() for logged in world.log.listed(service)]})


def delete_requests(world: World, _: Request) -> Response:
    """DELETE /sandbox/requests."""
    world.log.clear()
    return Response.of_json({})
