"""Each right of the connector's own user taken away, one by one: the run stops and names it, and nothing is taken for
"there is none".

The sandbox deploys what stands in sfdc_objects, so here it is given a copy with many permission sets: each is
Microsoft_365_Sync_Integration without one thing, and without what builds on it, which an org would refuse.
"""

import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from testkit.serving import copied, serving

from tests.acceptance.test_bad_input import Terminal, nothing_was_lost, state
from tests.data.bad_setup import ASSIGN, AUDIT, DEPLOY, Words
from tests.support.world import World, stamp

ROOT = Path(__file__).parents[2]
INTEGRATION = ROOT / "sfdc_objects/main/default/permissionsets/Microsoft_365_Sync_Integration.permissionset-meta.xml"
NAMESPACE = "http://soap.sforce.com/2006/04/metadata"
#: What pages ask by; `sync` neither reads nor writes it.
REQUEST = "MS_Graph_Request__c"

#: Changes a permission set.
Change = Callable[[ET.Element], None]


def text(element: ET.Element, name: str) -> str:
    return element.findtext(f"{{{NAMESPACE}}}{name}") or ""


def read_set() -> ET.Element:
    """The permission set of the connector, as it is deployed."""
    return ET.parse(INTEGRATION).getroot()  # noqa: S314 - our own file


def granted(kind: str, name: str) -> list[str]:
    """What the permission set of the connector grants of a kind."""
    return [text(item, name) for item in read_set().findall(f"{{{NAMESPACE}}}{kind}")]


def without(kind: str, name: str, value: str) -> Change:
    def change(root: ET.Element) -> None:
        found = [item for item in root.findall(f"{{{NAMESPACE}}}{kind}") if text(item, name) == value]
        assert found, value
        for item in found:
            root.remove(item)

    return change


def only(*permissions: str) -> Change:
    """Nothing but these user permissions."""

    def change(root: ET.Element) -> None:
        for kind in ("fieldPermissions", "objectPermissions", "customPermissions"):
            for item in root.findall(f"{{{NAMESPACE}}}{kind}"):
                root.remove(item)
        for item in root.findall(f"{{{NAMESPACE}}}userPermissions"):
            if text(item, "name") not in permissions:
                root.remove(item)
        for permission in set(permissions) - set(granted("userPermissions", "name")):
            item = ET.SubElement(root, f"{{{NAMESPACE}}}userPermissions")
            ET.SubElement(item, f"{{{NAMESPACE}}}enabled").text = "true"
            ET.SubElement(item, f"{{{NAMESPACE}}}name").text = permission

    return change


def switched(object_name: str, **switches: bool) -> Change:
    """An object's permission with some switches set otherwise."""

    def change(root: ET.Element) -> None:
        for item in root.findall(f"{{{NAMESPACE}}}objectPermissions"):
            if text(item, "object") == object_name:
                for name, on in switches.items():
                    found = item.find(f"{{{NAMESPACE}}}{name}")
                    assert found is not None
                    found.text = str(on).lower()

    return change


def read_only(field: str) -> Change:
    def change(root: ET.Element) -> None:
        for item in root.findall(f"{{{NAMESPACE}}}fieldPermissions"):
            editable = item.find(f"{{{NAMESPACE}}}editable")
            if text(item, "field") == field and editable is not None:
                editable.text = "false"

    return change


def both(*changes: Change) -> Change:
    def change(root: ET.Element) -> None:
        for each in changes:
            each(root)

    return change


def missing(field: str) -> tuple[Words, ...]:
    """A field that may be hidden, or not deployed: in these words, as it is read or only written."""
    return (
        Words(f"The integration user may not write the field {field}, or it is not deployed", DEPLOY),
        Words(f"The field {field} is not deployed, or the integration user may not read it", DEPLOY),
        Words(
            f"The field {field} is not deployed, or the integration user may not read it",
            DEPLOY,
            where="MS_Graph_Setting__c …",
        ),
    )


def unseen(name: str) -> Words:
    if name.endswith("__c"):
        return Words(f"The object {name} is not deployed, or the integration user may not see it", DEPLOY)
    return Words(f"The integration user may not see the object {name}", ASSIGN)


def unseen_together(names: tuple[str, ...]) -> tuple[Words, ...]:
    """What is said where one request asks for several of them."""
    listed = " and ".join(sorted(names))
    if len(names) == 1:
        return ()
    if names[0].endswith("__c"):
        return (Words(f"The objects {listed} are not deployed, or the integration user may not see them", DEPLOY),)
    return (Words(f"The integration user may not see the objects {listed}", ASSIGN),)


def hidden_with(name: str) -> tuple[str, ...]:
    """An object, and the one that is seen through it only."""
    return (name, ABOVE[name]) if name in ABOVE else (name,)


def unwritten(name: str) -> Words:
    return Words(f"The integration user may not write {name}", ASSIGN)


VIEW_ALL = Words(
    "The integration user does not see all records (View All Data), "
    "so that exclusions, clients or stored mail could be overlooked",
    ASSIGN,
)
VIEW_SETUP = Words(
    "The integration user does not see who holds which permission set (View Setup and Configuration), "
    "so that every mailbox would look not linked",
    ASSIGN,
)
UNDATED = Words(
    "The integration user may not set the creation date and user of new rows of "
    "Email__c, Email_Participant__c and Task to those of the mail",
    AUDIT,
)
NO_EMAIL_FIELD = Words(
    "The integration user may not read the field Contact.Email, so that clients could be overlooked",
    f"{ASSIGN} It grants View All Fields on Contact.",
)
NO_VIEW_ALL = both(
    without("userPermissions", "name", "ViewAllData"),
    without("userPermissions", "name", "QueryAllFiles"),
)
#: Objects that nobody sees who does not see the first.
ABOVE = {"Account": "Contact", "Email__c": "Email_Participant__c"}
AUDIT_ONLY = "Audit_Only"
FIELDS = granted("fieldPermissions", "field")
OBJECTS = granted("objectPermissions", "object")
#: Fields that `sync` does not use: the scheduler's, the timetable's, those of requests.
NOT_OF_SYNC = frozenset(
    f"MS_Graph_Setting__c.{name}" for name in ("Day_of_Week__c", "Time_of_Day__c", "Sync_Now_Requested__c")
) | {name for name in FIELDS if name.startswith(f"{REQUEST}.")}
WRITTEN = ("Email__c", "Email_Participant__c", "MS_Graph_Sync_Event__c", "MS_Graph_Sync_Error__c", "MS_Graph_User__c")

#: What is taken away, by name: how, and the words that say so (one of them).
LACKS: dict[str, tuple[Change, tuple[Words, ...]]] = {
    **{f"field {name}": (without("fieldPermissions", "field", name), missing(name)) for name in FIELDS},
    **{
        f"edit of {name}": (read_only(name), missing(name)[:1])
        for name in ("Email__c.Cc__c", "Task.Email__c", "MS_Graph_User__c.Live_Through__c")
    },
    **{
        f"sight of {name}": (
            both(NO_VIEW_ALL, *(without("objectPermissions", "object", each) for each in hidden_with(name))),
            (*(unseen(each) for each in hidden_with(name)), *unseen_together(hidden_with(name))),
        )
        for name in OBJECTS
        if name not in ("MS_Graph_Setting__c", REQUEST)
    },
    # the record is asked for by its key, and a hidden object is answered as a record that is not there
    "sight of MS_Graph_Setting__c": (
        both(NO_VIEW_ALL, without("objectPermissions", "object", "MS_Graph_Setting__c")),
        (VIEW_ALL,),
    ),
    **{
        f"edit of {name}": (
            switched(name, allowEdit=False, allowDelete=False, modifyAllRecords=False),
            (unwritten(name),),
        )
        for name in WRITTEN
    },
    **{
        f"creation of {name}": (switched(name, allowCreate=False, modifyAllRecords=False), (unwritten(name),))
        for name in WRITTEN
        if name != "MS_Graph_User__c"
    },
    "View All Data": (NO_VIEW_ALL, (VIEW_ALL,)),
    "View Setup": (without("userPermissions", "name", "ViewSetup"), (VIEW_SETUP,)),
}


class Crowd:
    """A sandbox with all those permission sets, of which the connector's own user holds one at a time."""

    def __init__(self, world: World, names: dict[str, str]) -> None:
        self.world = world
        self._names = names
        [user] = world.rows(
            f"SELECT Id FROM User WHERE Username = '{world.ready['salesforce']['integration']['username']}'"
        )
        self.user = user["Id"]
        self._sets = {row["Name"]: row["Id"] for row in world.rows("SELECT Id, Name FROM PermissionSet")}

    def config(self, lack: str, *, audit: bool = True) -> Path:
        """A configuration, with which the connector lacks this. Its profile grants next to nothing."""
        for row in self.held():
            self.world.org.PermissionSetAssignment.delete(row["Id"])
        for name in (self._names[lack], *([AUDIT_ONLY] if audit else [])):
            self.world.create("PermissionSetAssignment", AssigneeId=self.user, PermissionSetId=self._sets[name])
        return Path(self.world.config)

    def held(self) -> list[dict[str, Any]]:
        """The connector's assignments."""
        return self.world.rows(
            f"SELECT Id, PermissionSetId FROM PermissionSetAssignment WHERE AssigneeId = '{self.user}'"
        )


def write_permission_sets(folder: Path, first: Path) -> dict[str, str]:
    """One permission set for each lack, by name; that with audit fields where the org's setting is, in `first`."""
    ET.register_namespace("", NAMESPACE)
    names: dict[str, str] = {}
    changes = {lack: change for lack, (change, _) in LACKS.items()}
    changes |= {
        "nothing": lambda _: None,
        "all but audit fields": only("CreateAuditFields", "UpdateWithInactiveOwner"),
        "Edit Task": without("userPermissions", "name", "EditTask"),
        "fields of Contact": switched("Contact", viewAllFields=False),
    }
    for number, (lack, change) in enumerate(changes.items()):
        root = read_set()
        change(root)
        name = AUDIT_ONLY if lack == "all but audit fields" else f"Without_{number}"
        label = root.find(f"{{{NAMESPACE}}}label")
        assert label is not None
        label.text = name
        path = (first if name == AUDIT_ONLY else folder) / f"{name}.permissionset-meta.xml"
        ET.ElementTree(root).write(path, encoding="UTF-8", xml_declaration=True)
        names[lack] = name
    return names


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict[str, Any], dict[str, str], Path]]:
    """A sandbox in a process of its own, from a copy of this tree with those permission sets."""
    tree: Path = tmp_path_factory.mktemp("tree")
    package = copied(tree)
    first = tree / "sfdc_objects/prerequisites/permissionsets"
    names = write_permission_sets(tree / INTEGRATION.parent.relative_to(ROOT), first)
    with serving(tree / "data", "--firm", "none", cwd=package) as line:
        yield line, names, tree


@pytest.fixture
def crowd(crowded: tuple[dict[str, Any], dict[str, str], Path], capfd: pytest.CaptureFixture[str]) -> Iterator[Crowd]:
    """A firm with one mail, half an hour old, and the crowd of connectors."""
    ready, names, _ = crowded
    with World(ready, capfd) as world:
        world.reset()
        world.settings(Backfill_Months__c=0)
        world.internal_domain()
        world.adviser("ada")
        world.client("Rita", "Reed", "rita@reed.example")
        arrived = world.ago(minutes=30)
        world.message("ada", toRecipients=["ada@firm.example"], received=arrived, **{"from": "rita@reed.example"})
        [box] = world.rows("SELECT Id FROM MS_Graph_User__c")
        begun = stamp(arrived - timedelta(hours=1))
        fields = ("Backfill_From__c", "Backfill_Through__c", "Live_From__c", "Live_Through__c")
        world.org.MS_Graph_User__c.update(box["Id"], dict.fromkeys(fields, begun))
        yield Crowd(world, names)


@pytest.fixture
def terminal(capfd: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(capfd)


@pytest.mark.slow
def test_whatever_is_missing_is_named_and_nothing_moves(crowd: Crowd, terminal: Terminal) -> None:
    before = state(crowd.world)
    for lack, (_, words) in LACKS.items():
        if lack.removeprefix("field ") in NOT_OF_SYNC:
            continue
        config = crowd.config(lack)
        told = terminal.refused_in_one_of(config, words)
        assert told["code"] in ("INVALID_FIELD", "INVALID_TYPE", "INSUFFICIENT_ACCESS"), lack
        assert crowd.world.requests("graph") == [], lack
    assert state(crowd.world) == before
    assert crowd.world.requests("graph") == []
    crowd.config("nothing")
    nothing_was_lost(crowd.world, terminal)


@pytest.mark.parametrize("lack", sorted(f"field {name}" for name in NOT_OF_SYNC))
def test_what_sync_does_not_use_need_not_be_there(crowd: Crowd, terminal: Terminal, lack: str) -> None:
    code, report, lines = terminal.sync(crowd.config(lack))
    assert (code, lines, report["emails"]) == (0, [], 1)


def test_the_permission_sets_are_enough_without_modify_all_data(crowd: Crowd, terminal: Terminal) -> None:
    code, report, lines = terminal.sync(crowd.config("nothing"))
    assert (code, lines, report["emails"], report["tasks"]) == (0, [], 1, 1)


def test_rights_held_through_a_group_are_as_good(crowd: Crowd, terminal: Terminal) -> None:
    config = crowd.config("nothing")
    held = crowd.held()
    group = crowd.world.create("PermissionSetGroup", DeveloperName="Connector", MasterLabel="Connector")
    for row in held:
        crowd.world.org.PermissionSetAssignment.delete(row["Id"])
        ids = {"PermissionSetGroupId": group, "PermissionSetId": row["PermissionSetId"]}
        crowd.world.create("PermissionSetGroupComponent", **ids)
    crowd.world.create("PermissionSetAssignment", AssigneeId=crowd.user, PermissionSetGroupId=group)
    code, report, lines = terminal.sync(config)
    assert (code, lines, report["emails"]) == (0, [], 1)


def test_audit_fields_that_may_not_be_set(crowd: Crowd, terminal: Terminal) -> None:
    before = state(crowd.world)
    terminal.refused(crowd.config("nothing", audit=False), UNDATED)
    crowd.world.control("PATCH", "org", {"auditFieldsEnabled": False})
    terminal.refused(crowd.config("nothing"), UNDATED)
    crowd.world.control("PATCH", "org", {"auditFieldsEnabled": True})
    crowd.config("nothing")
    assert state(crowd.world) == before
    nothing_was_lost(crowd.world, terminal)


def test_tasks_that_may_not_be_made(crowd: Crowd, terminal: Terminal) -> None:
    before = state(crowd.world)
    terminal.refused(crowd.config("Edit Task"), unwritten("Task"))
    assert state(crowd.world) == before


def test_a_contacts_address_that_is_hidden_is_not_no_client(crowd: Crowd, terminal: Terminal) -> None:
    before = state(crowd.world)
    terminal.refused(crowd.config("fields of Contact"), NO_EMAIL_FIELD)
    assert state(crowd.world) == before
