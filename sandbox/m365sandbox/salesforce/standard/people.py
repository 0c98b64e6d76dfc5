"""Clients: accounts, contacts, leads, and what Person Accounts add to them."""

from dataclasses import replace

from m365sandbox.salesforce.data.schema import Field, SObject
from m365sandbox.salesforce.standard.fields import (
    address,
    area,
    audit_fields,
    check,
    define,
    derived,
    lookup,
    make,
    number,
    owner,
    person_name,
    pick,
    seen,
    setup,
    text,
)

_SALUTATIONS = "Mr.;Ms.;Mrs.;Dr.;Prof.;Mx."
_SOURCES = "Web;Phone Inquiry;Partner Referral;Purchased List;Other"
_INDUSTRIES = "Banking;Finance;Insurance;Manufacturing;Retail;Technology;Other"
_RATINGS = "Hot;Warm;Cold"


def account() -> SObject:
    """Companies and households."""
    fields = [
        text("Name", label="Account Name", required=True, name_field=True),
        pick("Type", "Prospect;Customer - Direct;Customer - Channel;Household;Other"),
        lookup("ParentId", "Account", child="ChildAccounts"),
        *address("Billing"),
        *address("Shipping"),
        make("phone", "Phone"),
        make("phone", "Fax"),
        text("AccountNumber", 40),
        make("url", "Website"),
        text("Sic", 20),
        pick("Industry", _INDUSTRIES),
        make("currency", "AnnualRevenue", scale=0),
        number("NumberOfEmployees", precision=8),
        pick("Ownership", "Public;Private;Subsidiary;Other"),
        text("TickerSymbol", 20),
        area("Description"),
        pick("Rating", _RATINGS),
        text("Site", 80),
        pick("AccountSource", _SOURCES),
        text("SicDesc", 80),
        derived(lookup("MasterRecordId", "Account")),
        *seen(),
        owner(),
        *audit_fields(),
    ]
    return define("Account", "001", fields, security=True, sharing="ReadWrite")


def contact() -> SObject:
    """People."""
    fields = [
        # An account takes its contacts with it when it is deleted (Salesforce help, "Delete Accounts").
        lookup("AccountId", "Account", child="Contacts", cascade_delete=True),
        text("LastName", 80, required=True),
        text("FirstName", 40),
        pick("Salutation", _SALUTATIONS, length=40),
        person_name(),
        *address("Other"),
        *address("Mailing"),
        *_contact_details(),
        derived(lookup("MasterRecordId", "Contact")),
        *seen(),
        owner(),
        *audit_fields(),
    ]
    return define("Contact", "003", fields, security=True, sharing="ReadWrite")


def _contact_details() -> list[Field]:
    return [
        make("phone", "Phone"),
        make("phone", "Fax"),
        make("phone", "MobilePhone"),
        make("phone", "HomePhone"),
        make("phone", "OtherPhone"),
        make("phone", "AssistantPhone"),
        lookup("ReportsToId", "Contact"),
        make("email", "Email", id_lookup=True),
        text("Title", 128),
        text("Department", 80),
        text("AssistantName", 40),
        pick("LeadSource", _SOURCES),
        make("date", "Birthdate"),
        area("Description"),
        check("HasOptedOutOfEmail"),
        check("HasOptedOutOfFax"),
        check("DoNotCall"),
        derived(text("EmailBouncedReason")),
        derived(make("datetime", "EmailBouncedDate")),
        derived(check("IsEmailBounced")),
    ]


def lead() -> SObject:
    """People who are not clients yet."""
    fields = [
        text("LastName", 80, required=True),
        text("FirstName", 40),
        pick("Salutation", _SALUTATIONS, length=40),
        person_name(),
        text("Title", 128),
        text("Company", required=True),
        *address(""),
        make("phone", "Phone"),
        make("phone", "MobilePhone"),
        make("phone", "Fax"),
        make("email", "Email", id_lookup=True),
        make("url", "Website"),
        area("Description"),
        pick("LeadSource", _SOURCES),
        pick(
            "Status",
            "Open - Not Contacted*;Working - Contacted;Closed - Converted;Closed - Not Converted",
            required=True,
        ),
        pick("Industry", _INDUSTRIES),
        pick("Rating", _RATINGS),
        make("currency", "AnnualRevenue", scale=0),
        number("NumberOfEmployees", precision=8),
        check("HasOptedOutOfEmail"),
        check("DoNotCall"),
        derived(check("IsConverted")),
        derived(make("date", "ConvertedDate")),
        derived(lookup("ConvertedAccountId", "Account")),
        derived(lookup("ConvertedContactId", "Contact")),
        check("IsUnreadByOwner", default=True),
        derived(text("EmailBouncedReason")),
        derived(make("datetime", "EmailBouncedDate")),
        derived(lookup("MasterRecordId", "Lead")),
        *seen(),
        owner("Group", "User"),
        *audit_fields(),
    ]
    return define("Lead", "00Q", fields, security=True, sharing="ReadWrite")


def with_person_accounts(accounts: SObject, contacts: SObject) -> tuple[SObject, SObject]:
    """Account and Contact as they are once Person Accounts are on: the person's fields are mirrored on Account."""
    flag = derived(check("IsPersonAccount"))
    person = [
        replace(contacts.fields["lastname"], required=False, permissionable=False),
        contacts.fields["firstname"],
        contacts.fields["salutation"],
        setup(lookup("RecordTypeId", "RecordType")),
        derived(lookup("PersonContactId", "Contact")),
        *(_mirrored(item) for item in contacts.fields.values() if _is_mirrored(item)),
        flag,
    ]
    return (
        replace(accounts, fields={**accounts.fields, **{item.name.lower(): item for item in person}}),
        replace(contacts, fields={**contacts.fields, "ispersonaccount": flag}),
    )


#: Contact fields that Account shows with `Person` before their name, besides custom ones and addresses.
_MIRRORED = frozenset(
    {"Email", "Title", "Birthdate", "HomePhone", "MobilePhone", "OtherPhone", "AssistantPhone", "AssistantName"}
    | {"Department", "LeadSource", "HasOptedOutOfEmail", "HasOptedOutOfFax", "DoNotCall"}
    | {"EmailBouncedReason", "EmailBouncedDate"}
)


#: Fields that both rows of a person have under one name.
_SHARED = ("LastName", "FirstName", "Salutation", "Phone", "Fax", "OwnerId")


def person_fields(contacts: SObject) -> dict[str, str]:
    """The stored fields of a person: their names on Account, and on Contact."""
    mirrored = {_mirrored(item).name: item.name for item in contacts.fields.values() if _is_mirrored(item)}
    stored = {own: name for own, name in mirrored.items() if contacts.fields[name.lower()].stored}
    return {**{name: name for name in _SHARED}, **stored}


def person_only_fields(contacts: SObject) -> frozenset[str]:
    """The fields of Account that a company may not be written with."""
    return frozenset(person_fields(contacts)) - {"Phone", "Fax", "OwnerId"}


def _is_mirrored(item: Field) -> bool:
    return item.custom or item.name in _MIRRORED or item.name.startswith(("Mailing", "Other"))


def _mirrored(item: Field) -> Field:
    if item.custom:
        name = f"{item.name.removesuffix('__c')}__pc"
        relation = f"{name.removesuffix('__pc')}__pr" if item.relationship_name else None
        return replace(item, name=name, relationship_name=relation, child_relationship=None, unique=False)
    parts = tuple((part, f"Person{column}") for part, column in item.parts)
    return replace(item, name=f"Person{item.name}", parts=parts, id_lookup=item.type == "email")
