"""How a mail that is stored twice becomes one: what the younger row has goes to the older, then it is deleted. Pure.

The older is planned as if the younger were a further copy of its mail (`plan`): what it lacks is added, nothing is
overwritten. Tasks and files go over as they are, since people may have worked on them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from connector.core.deciding.address import normalise
from connector.core.writing.children import Parent, address_key, participant, record_key
from connector.core.writing.plan import FILLABLE, plan
from connector.core.writing.rematch import FiledMail, parent_of
from connector.model.mail import Party, Role
from connector.model.org import Org
from connector.model.records import DesiredEmail, MailTask, Merge, Row, StoredFile, StoredParticipant


def merge(
    older: FiledMail,
    younger: FiledMail,
    *,
    tasks: Sequence[MailTask],
    files: tuple[Sequence[StoredFile], Sequence[StoredFile]],
    org: Org,
) -> Merge:
    """What has to be done. `tasks` are those below both rows, `files` those of the older and of the younger.

    Done in part, it is the rest of it that this says of what is there then.
    """
    kept, other = older.stored, younger.stored
    parent = parent_of(older, org)
    planned = plan(
        DesiredEmail(
            email=Row(
                object="Email__c",
                key_field="Message_Key__c",
                key=kept.key,
                fields={name: other.fields[name] for name in FILLABLE if name in other.fields},
            ),
            participants=tuple(_participant(parent, row, younger.parties) for row in other.participants),
            tasks=tuple(_named(younger, older)),
            matched=any(row.contact or row.account for row in other.participants),
            sort_key=kept.key,
        ),
        kept,
    )
    own = [task for task in tasks if task.email == kept.id]
    theirs = [task for task in tasks if task.email == other.id]
    surplus = tuple(task.id for task in theirs if _is_there(task, own, younger, older))
    moved = tuple(_moved(task, younger, older) for task in theirs if task.id not in surplus)
    known = {_name(file) for file in files[0] if file.key}
    documents = {file.document for file in files[0]}
    new = [file for file in files[1] if not file.key or _name(file) not in known]
    return Merge(
        older=kept.id,
        younger=other.id,
        rows=(*planned.inserts, *planned.updates, *moved),
        # linked already where an earlier merge was broken off; its key may still be the other's
        files=tuple(replace(file, key=_carried(file.key, other.key, kept.key)) for file in new),
        tasks=surplus,
        documents=tuple(file.document for file in files[1] if file not in new and file.document not in documents),
    )


def _participant(parent: Parent, row: StoredParticipant, parties: Iterable[Party]) -> Row:
    address = normalise(row.address)
    nobody = Party(address=address, name="", role=Role.CC)
    party = next((party for party in parties if party.address == address), nobody)
    record = row.contact or row.account
    key = record_key(parent.key, record) if record else address_key(parent.key, address)
    lookups = {"Contact__c": row.contact, "Account__c": row.account}
    return participant(parent, party, key, {name: value for name, value in lookups.items() if value})


def _named(younger: FiledMail, older: FiledMail) -> Iterator[Row]:
    """Tasks that both have and that several Contacts share: those of the one are to name the other's too."""
    for key, task in younger.stored.shared_tasks.items():
        carried = _carried(key, younger.stored.key, older.stored.key)
        if carried in older.stored.shared_tasks:
            fields = {"TaskWhoIds": list(task.contacts)}
            yield Row(object="Task", key_field="Task_Key__c", key=carried, fields=fields)


def _is_there(task: MailTask, own: Sequence[MailTask], younger: FiledMail, older: FiledMail) -> bool:
    """Whether the older has a Task for the same record; a Task that a person made is not ours to judge."""
    if not task.key.startswith(f"{younger.stored.key}:"):
        return False
    key = _carried(task.key, younger.stored.key, older.stored.key)
    return any(other.key == key or (other.key and (other.who, other.what) == (task.who, task.what)) for other in own)


def _moved(task: MailTask, younger: FiledMail, older: FiledMail) -> Row:
    key = _carried(task.key, younger.stored.key, older.stored.key)
    fields = {"Email__c": older.stored.id, **({"Task_Key__c": key} if key != task.key else {})}
    return Row(object="Task", key_field="Task_Key__c", key=key, fields=fields, id=task.id)


def _carried(key: str, before: str, after: str) -> str:
    """The key of a row below one mail as that of a row below another; others stay."""
    return f"{after}:{key.removeprefix(f'{before}:')}" if key.startswith(f"{before}:") else key


def _name(file: StoredFile) -> str:
    """What a file is, whichever of the two mails it belongs to."""
    return file.key.rpartition(":")[2]
