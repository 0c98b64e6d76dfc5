"""Making the world of a sandbox: reopened where its folder is complete, else deployed and filled."""

import json
from pathlib import Path

from m365sandbox.clock import SandboxClock
from m365sandbox.entra.models import Tokens
from m365sandbox.entra.urls import EntraSandbox
from m365sandbox.firm.large import FirmSize
from m365sandbox.firm.populate import populate
from m365sandbox.graph.service import GraphSandbox
from m365sandbox.home import Home, Identity
from m365sandbox.mail.source import MailSourceError
from m365sandbox.options import OptionError, RefusedPackageError, UpOptions
from m365sandbox.people import DirectoryPeople
from m365sandbox.salesforce.metadata import Deployed, MetadataError, deploy, locate
from m365sandbox.salesforce.service import SalesforceSandbox
from m365sandbox.world import World

#: In a sandbox's folder: its app registrations with their secrets, readable by its owner only.
APPS_FILE = "apps.json"

#: So many of the files that were left alone are named.
_NAMED = 10


def build(options: UpOptions, home: Home, identity: Identity, scratch: Path) -> World:
    """The world of a folder. Raises OptionError where its mail cannot be read, RefusedPackageError where an org would
    not take `sfdc_objects/`.
    """
    deployed = _deployed()
    if not home.is_complete:
        home.clear_data()
    home.make_databases()
    clock = SandboxClock()
    tokens = Tokens(identity.tenant)
    _restore_apps(tokens, home)
    graph = GraphSandbox(tokens=tokens, clock=clock, database=str(home.graph_database))
    world = World(
        clock=clock,
        graph=graph,
        entra=EntraSandbox(tokens, DirectoryPeople(graph.mailboxes)),
        salesforce=SalesforceSandbox(
            database=home.salesforce_database,
            clock=clock,
            deployed=deployed,
            jwt_public_key=identity.jwt_public_key,
            client_id=identity.salesforce_client_id,
            client_secret=identity.salesforce_client_secret,
        ),
        scratch=scratch,
        keep_apps=lambda apps: home.write_json(APPS_FILE, apps),
    )
    if not home.is_complete:
        _fill(world, options, home)
        home.mark_complete()
    world.graph.patch_tenant(world.weather.change({"weather": options.weather}))
    world.remember()
    return world


def _deployed() -> Deployed:
    try:
        return deploy(locate())
    except MetadataError as refused:
        raise RefusedPackageError(str(refused)) from refused


def _restore_apps(tokens: Tokens, home: Home) -> None:
    """The registrations of an earlier `up`."""
    kept = home.directory / APPS_FILE
    if home.is_complete and kept.exists():
        tokens.apps.restore(json.loads(kept.read_text("utf-8")))


def _fill(world: World, options: UpOptions, home: Home) -> None:
    try:
        size = FirmSize(**options.firm_size())
        report = populate(
            world.salesforce,
            world.graph,
            world.clock,
            firm=options.firm,
            mail=options.mail,
            domains=options.domains,
            size=size,
        )
    except MailSourceError as exc:
        raise OptionError(f"--mail: {exc}") from exc
    home.write_json(
        "mail.json",
        {
            "files": report.files,
            "left_alone": len(report.left_alone),
            "left_alone_names": report.left_alone[:_NAMED],
            "refused": report.refused,
            "messages": report.messages,
        },
    )
