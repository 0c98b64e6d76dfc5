"""The port SetupSource: what admins set, read whole in one call, or refused by name."""

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from connector.errors import NoAnswerError, SetupError, SignInError, UnreachableError
from connector.http.transport import Transport
from connector.model.org import ExclusionType, MatchTies
from connector.settings.model import load
from tests.contract.conftest import Salesforce
from tests.support.world import SYNC_USER, World, stamp


def test_everything_comes_in_one_call(world: World, salesforce: Salesforce) -> None:
    setting = world.settings(Opt_Out_Categories__c="Do Not Sync; Private ;", Backfill_Months__c=3)
    domain = world.internal_domain()
    user, row = world.adviser("ann")
    setup = salesforce.admin.read()
    assert salesforce.client.calls == 1
    assert setup.settings is not None
    assert setup.settings.id == setting
    assert setup.settings.active
    assert setup.settings.frequency == "Hourly"
    assert setup.settings.backfill_months == 3
    assert setup.settings.unmatched_retention_days == 30
    assert setup.settings.licensed_users is None
    assert setup.settings.opt_out_categories == ("do not sync", "private")
    assert setup.settings.match_ties is MatchTies.ALL
    assert [(rule.id, rule.type, rule.removed_at) for rule in setup.exclusions] == [
        (domain, ExclusionType.INTERNAL_DOMAIN, None)
    ]
    [mailbox] = setup.mailboxes
    assert (mailbox.id, mailbox.user, mailbox.user_active) == (row, user, True)
    assert mailbox.user_principal_name == "ann@firm.example"
    assert mailbox.live_through is None
    assert setup.sync_users == {user}
    assert setup.org.time_zone == "GMT"
    assert setup.org.closed_status == "Completed"
    assert not setup.org.shared_activities
    assert abs(setup.now - world.now()) < timedelta(minutes=1)
    assert salesforce.admin.email_fields.contact == ("Email",)


def test_now_is_the_orgs_clock(world: World, salesforce: Salesforce) -> None:
    world.settings()
    world.advance(days=40)
    assert abs(salesforce.admin.read().now - world.now()) < timedelta(minutes=1)


def test_the_orgs_switches_are_read(world: World, salesforce: Salesforce) -> None:
    world.settings()
    world.control("PATCH", "org", {"timeZone": "America/New_York", "sharedActivities": True, "personAccounts": True})
    setup = salesforce.admin.read()
    assert setup.org.time_zone == "America/New_York"
    assert setup.org.shared_activities
    assert setup.org.person_accounts
    assert "PersonEmail" not in salesforce.admin.email_fields.account


def test_no_settings_record_is_none(salesforce: Salesforce) -> None:
    assert salesforce.admin.read().settings is None


def test_rules_that_were_switched_off_or_deleted_still_count_for_older_mail(
    world: World, salesforce: Salesforce
) -> None:
    off = world.exclusion("External Address", "a@x.example", Active__c=False)
    stamped = world.exclusion(
        "External Address", "b@x.example", Active__c=False, Removed_At__c=stamp(world.ago(days=3))
    )
    gone = world.exclusion("External Address", "c@x.example")
    world.org.MS_Graph_Exclusion__c.delete(gone)
    rules = {rule.id: rule for rule in salesforce.admin.read().exclusions}
    now = world.now()
    assert set(rules) == {off, stamped, gone}
    assert all(rule.removed_at is not None for rule in rules.values())
    removed = rules[stamped].removed_at  # type: ignore[index]
    assert removed is not None
    assert timedelta(days=2) < now - removed < timedelta(days=4)


def test_a_deleted_rule_with_a_tombstone_counts_once(world: World, salesforce: Salesforce) -> None:
    gone = world.exclusion("External Address", "c@x.example")
    world.org.MS_Graph_Exclusion__c.delete(gone)
    tomb = world.exclusion("External Address", "c@x.example", Active__c=False, Tombstone_Of__c=gone)
    assert [rule.id for rule in salesforce.admin.read().exclusions] == [tomb]


def test_a_personal_rule_without_user_is_its_creators(world: World, salesforce: Salesforce) -> None:
    user = world.user("ann")
    world.exclusion("Personal Address", "mum@home.example", User__c=user)
    world.exclusion("Personal Address", "dad@home.example")
    rules = {rule.pattern: rule.user for rule in salesforce.admin.read().exclusions}
    assert rules["mum@home.example"] == user
    assert rules["dad@home.example"] not in (None, user)


def sync_set(world: World) -> str:
    found: str = world.rows(f"SELECT Id FROM PermissionSet WHERE Name = '{SYNC_USER}'")[0]["Id"]
    return found


def test_only_those_who_hold_the_permission_set_may_be_linked(world: World, salesforce: Salesforce) -> None:
    direct = world.user("ann")
    world.user("eve", permission_sets=())
    world.user("old", active=False)
    assert salesforce.admin.read().sync_users == {direct}


def test_an_assignment_ends_when_it_expires(world: World, salesforce: Salesforce) -> None:
    user = world.user("tmp", permission_sets=())
    until = stamp(world.now() + timedelta(hours=1))
    world.create("PermissionSetAssignment", AssigneeId=user, PermissionSetId=sync_set(world), ExpirationDate=until)
    assert salesforce.admin.read().sync_users == {user}
    world.advance(hours=2)
    assert salesforce.admin.read().sync_users == frozenset()


def test_a_permission_set_group_grants_what_it_contains(world: World, salesforce: Salesforce) -> None:
    user = world.user("bob", permissionSetGroups=["Advisers"])
    for row in world.rows(
        f"SELECT Id FROM PermissionSetAssignment WHERE AssigneeId = '{user}' AND PermissionSetGroupId = null"
    ):
        world.org.PermissionSetAssignment.delete(row["Id"])
    assert salesforce.admin.read().sync_users == {user}


def test_a_user_that_left_is_not_active(world: World, salesforce: Salesforce) -> None:
    user, row = world.adviser("ann")
    world.org.User.update(user, {"IsActive": False})
    setup = salesforce.admin.read()
    assert [(mailbox.id, mailbox.user, mailbox.user_active) for mailbox in setup.mailboxes] == [(row, user, False)]
    assert setup.sync_users == frozenset()


def test_more_mailboxes_than_a_page_are_all_read(world: World, salesforce: Salesforce) -> None:
    world.settings()
    rows = [
        {"attributes": {"type": "MS_Graph_User__c"}, "Name": f"m{n}", "User_Principal_Name__c": f"m{n}@firm.example"}
        for n in range(2_100)
    ]
    for start in range(0, len(rows), 200):
        answer = world.org.restful("composite/sobjects", method="POST", json={"records": rows[start : start + 200]})
        assert all(result["success"] for result in answer)
    setup = salesforce.admin.read()
    assert len({mailbox.id for mailbox in setup.mailboxes}) == 2_100
    assert salesforce.client.calls == 2


def test_without_its_permission_set_the_connector_says_so(world: World, salesforce: Salesforce) -> None:
    world.settings()
    username = world.ready["salesforce"]["integration"]["username"]
    for row in world.rows(
        "SELECT Id FROM PermissionSetAssignment WHERE PermissionSet.Name = 'Microsoft_365_Sync_Integration' "
        f"AND Assignee.Username = '{username}'"
    ):
        world.org.PermissionSetAssignment.delete(row["Id"])
    with pytest.raises(SetupError) as caught:
        salesforce.admin.read()
    assert "Microsoft_365_Sync_Integration" in caught.value.remedy


def test_a_refused_sign_in_is_said(world: World, salesforce: Salesforce) -> None:
    world.fault(
        service="salesforce",
        path="/services/oauth2/token",
        status=400,
        body='{"error":"invalid_grant","error_description":"user hasn\'t approved this consumer"}',
    )
    with pytest.raises(SignInError, match="approved this consumer"):
        salesforce.admin.read()


def test_an_ended_session_is_renewed_once(world: World, salesforce: Salesforce) -> None:
    world.settings()
    salesforce.admin.read()
    world.fault(
        service="salesforce",
        path="/composite",
        status=401,
        body='[{"errorCode":"INVALID_SESSION_ID","message":"Session expired or invalid"}]',
    )
    salesforce.admin.read()
    assert salesforce.client.calls == 3


@pytest.mark.parametrize("drop", ["before", "after"])
def test_a_lost_connection_is_tried_again(world: World, salesforce: Salesforce, drop: str) -> None:
    world.settings()
    world.fault(service="salesforce", path="/composite", drop=drop)
    salesforce.admin.read()
    assert salesforce.client.calls == 2


def test_an_org_that_stays_down_is_unreachable(world: World, salesforce: Salesforce) -> None:
    world.fault(service="salesforce", path="/composite", status=503, body="<html>maintenance</html>", times=0)
    with pytest.raises(UnreachableError):
        salesforce.admin.read()


def test_a_certificate_that_nobody_trusts_is_said_at_once(world: World) -> None:
    settings = load(world.config, os.environ)
    with Transport(ca_file=None, sleep=lambda _: None) as transport:
        service = transport.service("Salesforce", settings.named_credentials.Salesforce.url, counted="/services/data")
        with pytest.raises(UnreachableError, match="certificate is not trusted") as caught:
            service.request("GET", "/services/data")
    assert "tls.ca_file" in caught.value.remedy
    assert service.calls == 1


def test_a_slow_org_is_given_up_after_the_timeout(world: World) -> None:
    settings = load(world.config, os.environ)
    world.fault(service="salesforce", path="/services/data", delay_ms=3_000, times=0)
    with Transport(ca_file=settings.tls.ca_file, timeout=0.2, max_attempts=2, sleep=lambda _: None) as transport:
        service = transport.service("Salesforce", settings.named_credentials.Salesforce.url, counted="/services/data")
        with pytest.raises(NoAnswerError, match="did not answer in time"):
            service.request("GET", "/services/data")
    assert service.calls == 2


def test_many_threads_share_few_connections(world: World) -> None:
    settings = load(world.config, os.environ)
    with Transport(ca_file=settings.tls.ca_file, workers=4) as transport, ThreadPoolExecutor(16) as pool:
        service = transport.service("Salesforce", settings.named_credentials.Salesforce.url, counted="/services/data")
        answers = list(pool.map(lambda _: service.request("GET", "/services/data").status_code, range(200)))
    assert set(answers) == {200}
    assert service.calls == 200
