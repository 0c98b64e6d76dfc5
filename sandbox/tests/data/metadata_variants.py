"""The package broken in one place each: what an org refuses, by the rule that has to find it.

First stand those that a permissive deployment was seen to take.
"""

from typing import NamedTuple

_MAIN = "main/default/"
_OBJECTS = f"{_MAIN}objects/"


class Variant(NamedTuple):
    """One edit of one file: the first `old` becomes `new`. Without `old` the file is made, without `new` deleted."""

    rule: str
    place: str
    old: str | None
    new: str | None


def field(path: str) -> str:
    owner, _, name = path.partition(".")
    return f"{_OBJECTS}{owner}/fields/{name}.field-meta.xml"


def part(owner: str, kind: str, name: str) -> str:
    """A list view, compact layout or validation rule."""
    return f"{_OBJECTS}{owner}/{kind}s/{name}.{kind}-meta.xml"


def the_object(name: str) -> str:
    return f"{_OBJECTS}{name}/{name}.object-meta.xml"


def _element(tag: str, content: str) -> str:
    return f"<{tag}>{content}</{tag}>"


SUBJECT = field("Email__c.Subject__c")
BODY = field("Email__c.Body__c")
TO = field("Email__c.To__c")
SENT = field("Email__c.Sent_At__c")
COUNT = field("Email__c.Attachment_Count__c")
MAILBOX = field("Email__c.Mailbox__c")
ACTIVE = field("MS_Graph_Setting__c.Active__c")
IMPORTANCE = field("Email__c.Importance__c")
MASTER = field("Email_Participant__c.Email__c")
EMAIL, PARTICIPANT, EVENT = (the_object(f"{name}__c") for name in ("Email", "Email_Participant", "MS_Graph_Sync_Event"))
LIST = part("Email__c", "listView", "Unmatched")
COMPACT = part("Email__c", "compactLayout", "Summary")
RULE = part("MS_Graph_Setting__c", "validationRule", "Key_Is_Default")
LAYOUT = f"{_MAIN}layouts/Email__c-Email Layout.layout-meta.xml"
PARTICIPANT_LAYOUT = f"{_MAIN}layouts/Email_Participant__c-Email Participant Layout.layout-meta.xml"
EVENT_LAYOUT = f"{_MAIN}layouts/MS_Graph_Sync_Event__c-MS Graph Sync Event Layout.layout-meta.xml"
EXCLUSION_LAYOUT = f"{_MAIN}layouts/MS_Graph_Exclusion__c-MS Graph Exclusion Layout.layout-meta.xml"
TAB = f"{_MAIN}tabs/Email__c.tab-meta.xml"
APP = f"{_MAIN}applications/Microsoft_365_Sync.app-meta.xml"
ACTION = f"{_MAIN}quickActions/Email__c.Remove.quickAction-meta.xml"
SHARING = f"{_MAIN}sharingRules/Email__c.sharingRules-meta.xml"
PERMISSION = f"{_MAIN}customPermissions/Manage_Microsoft_365_Sync.customPermission-meta.xml"
USER, ADMIN, INTEGRATION = (
    f"{_MAIN}permissionsets/Microsoft_365_Sync_{name}.permissionset-meta.xml"
    for name in ("User", "Admin", "Integration")
)
AUDIT = "prerequisites/permissionsets/Microsoft_365_Sync_Audit_Fields.permissionset-meta.xml"
CLIENT_APP = "sign-in/externalClientApps/Microsoft_365_Sync.eca-meta.xml"
CLIENT_OAUTH = "sign-in/extlClntAppOauthSettings/Microsoft_365_Sync_oauth.ecaOauth-meta.xml"
CLIENT_POLICY = "sign-in/extlClntAppOauthPolicies/Microsoft_365_Sync_oauthPlcy.ecaOauthPlcy-meta.xml"
SECURITY = "prerequisites/settings/Security.settings-meta.xml"

_TWICE = "    <fieldPermissions>\n        <editable>false</editable>\n        <field>Email__c.Bcc__c</field>\n"
_TWICE += "        <readable>true</readable>\n    </fieldPermissions>\n"
_FIELD_OF_USER = "<field>Email_Participant__c.Account__c</field>"


def _granted(name: str) -> str:
    return (
        f"    <userPermissions>\n        <enabled>true</enabled>\n        <name>{name}</name>\n    </userPermissions>\n"
    )


_READ_OF_EMAIL = (
    "        <allowRead>true</allowRead>\n        <modifyAllRecords>false</modifyAllRecords>\n"
    "        <object>Email__c</object>"
)

_NO_DELETE = "<allowDelete>false</allowDelete>\n        <allowEdit>false"
_TAB_AGAIN = (
    "    <tabSettings>\n        <tab>Email__c</tab>\n        <visibility>Visible</visibility>\n    </tabSettings>\n"
)


def _behaves(how: str, name: str) -> str:
    return f"<behavior>{how}</behavior>\n                <field>{name}<"


VARIANTS = (
    # files
    Variant("xml", SUBJECT, "</CustomField>", "</Customfield>"),
    Variant("kind", f"{_MAIN}labels/Texts.labels-meta.xml", None, "<CustomLabels/>"),
    Variant("kind", SUBJECT, "<fullName>Subject__c", "<fullName>Object__c"),
    Variant("kind", TAB.replace("Email__c", "Letter__c"), None, "<Tab/>"),
    Variant("element", SUBJECT, "<label>", "<caption>Subject</caption><label>"),
    Variant("element", LAYOUT, "<style>", "<colour>red</colour><style>"),
    Variant("repeated", SUBJECT, "<label>", "<label>Subject</label><label>"),
    Variant("missing", COMPACT, "<label>Summary</label>", ""),
    Variant("value", EMAIL, ">Private</sharingModel>", ">Secret</sharingModel>"),
    Variant("value", SUBJECT, "<required>false", "<required>no"),
    Variant("value", SUBJECT, "<length>255", "<length>many"),
    Variant("name", field(f"Email__c.{'A' * 41}__c"), None, "<CustomField/>"),
    Variant("name", field("Email__c.Two___Marks__c"), None, "<CustomField/>"),
    Variant("name", field("Email__c.1st__c"), None, "<CustomField/>"),
    Variant("name", SHARING, "<fullName>", "<fullName>_"),
    # lengths
    Variant("length", AUDIT, "<description>", f"<description>{'x' * 255}"),
    Variant("length", USER, "<description>", f"<description>{'x' * 255}"),
    Variant("length", PERMISSION, "<description>", f"<description>{'x' * 255}"),
    Variant("length", RULE, "<errorMessage>", f"<errorMessage>{'x' * 255}"),
    Variant("length", SUBJECT, "<label>", f"<label>{'x' * 40}"),
    Variant("length", EMAIL, "<label>", f"<label>{'x' * 40}"),
    Variant("length", SENT, "<inlineHelpText>", f"<inlineHelpText>{'x' * 510}"),
    Variant("length", SUBJECT, "<description>", f"<description>{'x' * 1000}"),
    # objects
    Variant("apis", EMAIL, "<enableBulkApi>true", "<enableBulkApi>false"),
    Variant("apis", EMAIL, "<enableSharing>true", "<enableSharing>false"),
    Variant("apis", EMAIL, "<enableStreamingApi>true", "<enableStreamingApi>false"),
    Variant("name-field", EVENT, "<displayFormat>RUN-{000000}</displayFormat>", ""),
    Variant("sharing-model", PARTICIPANT, "<sharingModel>ControlledByParent", "<sharingModel>Private"),
    Variant("sharing-model", EMAIL, "<sharingModel>Private", "<sharingModel>ControlledByParent"),
    Variant("external-sharing", EMAIL, "<externalSharingModel>Private", "<externalSharingModel>Read"),
    Variant("history", the_object("MS_Graph_Setting__c"), "<enableHistory>true", "<enableHistory>false"),
    # fields
    Variant("text-length", SUBJECT, "<length>255", "<length>256"),
    Variant("text-length", SUBJECT, "<length>255</length>", ""),
    Variant("long-text-length", BODY, "<length>131072", "<length>131073"),
    Variant("long-text-length", TO, "<length>32768", "<length>255"),
    Variant("long-text-length", TO, "<length>32768", "<length>131073"),
    Variant("visible-lines", TO, "<visibleLines>4</visibleLines>", ""),
    Variant("external-id", TO, "<length>", "<externalId>true</externalId><length>"),
    Variant("external-id", SENT, "<label>", "<externalId>true</externalId><label>"),
    Variant("unique", TO, "<length>", "<unique>true</unique><length>"),
    Variant("checkbox-default", ACTIVE, "<defaultValue>false</defaultValue>", ""),
    Variant("picklist-defaults", field("MS_Graph_Setting__c.Match_Ties__c"), "<default>false", "<default>true"),
    Variant("picklist-twice", IMPORTANCE, "<fullName>High", "<fullName>low"),
    Variant("digits", COUNT, "<precision>18", "<precision>19"),
    Variant("digits", COUNT, "<precision>18</precision>", ""),
    Variant("relationship-name", MAILBOX, "<relationshipName>Emails</relationshipName>", ""),
    Variant("relationship-name", field("MS_Graph_Sync_Error__c.Mailbox__c"), "Name>Errors<", "Name>Emails<"),
    Variant("lookup-target", MAILBOX, "<referenceTo>MS_Graph_User__c", "<referenceTo>MS_Graph_Mailbox__c"),
    Variant("required-lookup", MAILBOX, "<required>false", "<required>true"),
    Variant("master-detail", MASTER, "<label>", "<deleteConstraint>SetNull</deleteConstraint><label>"),
    # layouts
    Variant("layout-name", LAYOUT.replace("Email__c-", "Letter__c-"), None, "<Layout/>"),
    Variant("layout-field", LAYOUT, "<field>Subject__c", "<field>Topic__c"),
    Variant("layout-field", LAYOUT, "<field>Subject__c", "<field>Sent_At__c"),
    Variant("layout-required", PARTICIPANT_LAYOUT, "Required</behavior>", "Readonly</behavior>"),
    Variant("layout-required", EXCLUSION_LAYOUT, "<field>Pattern__c", "<field>CreatedDate"),
    Variant("related-list", LAYOUT, "Email_Participant__c.Email__c", "Email_Participant__c.Letter__c"),
    Variant("related-list", LAYOUT, "<fields>Role__c", "<fields>Part__c"),
    Variant("sort-field", EVENT_LAYOUT, "        <fields>Received_At__c</fields>\n", ""),
    Variant("layout-action", ACTION, "", None),
    Variant("layout-action", LAYOUT, "<actionName>Edit", "<actionName>Amend"),
    # lists
    Variant("list-column", LIST, "<columns>Sent_At__c", "<columns>Sent__c"),
    Variant("list-column", LIST, "<columns>Sent_At__c", "<columns>To__c"),
    Variant("list-filter", LIST, "<field>Match_Status__c", "<field>Status__c"),
    Variant("list-filter", LIST, "<value>Unmatched", "<value>Unknown"),
    Variant("compact-field", COMPACT, "<fields>Sent_At__c", "<fields>Sent__c"),
    Variant("compact-field", COMPACT, "<fields>Sent_At__c", "<fields>To__c"),
    Variant("compact-assignment", EMAIL, "<compactLayoutAssignment>Summary", "<compactLayoutAssignment>Short"),
    # tabs, apps, actions
    Variant("motif", TAB, "Custom23: Envelope", "Custom23: Letter"),
    Variant(
        "tab-object",
        TAB.replace("Email__c", "Letter__c"),
        None,
        "<CustomTab><customObject>true</customObject></CustomTab>",
    ),
    Variant("app-tab", APP, "<tabs>Email__c", "<tabs>Letter__c"),
    Variant("action-field", ACTION, "<field>Subject__c", "<field>Topic__c"),
    Variant("action-field", ACTION, "<literalValue>Removed", "<literalValue>Deleted"),
    # rules
    Variant("sharing-object", EMAIL, "<sharingModel>Private", "<sharingModel>ReadWrite"),
    Variant("sharing-object", SHARING.replace("Email__c", "Letter__c"), None, "<SharingRules/>"),
    Variant("sharing-field", SHARING, "<field>Match_Status__c", "<field>Status__c"),
    Variant("sharing-field", SHARING, "<value>Matched", "<value>Known"),
    Variant("rule-field", RULE, "Key__c", "Lock__c"),
    Variant(
        "rule-field", part("MS_Graph_Exclusion__c", "validationRule", "Domain_Pattern"), "Internal Domain", "Inside"
    ),
    # rights
    Variant("permission-twice", USER, "    <hasActivationRequired>", f"{_TWICE}{_TWICE}    <hasActivationRequired>"),
    Variant("field-permission", USER, _FIELD_OF_USER, "<field>Email_Participant__c.Email__c</field>"),
    Variant("field-permission", USER, _FIELD_OF_USER, "<field>MS_Graph_Exclusion__c.Pattern__c</field>"),
    Variant("field-permission", USER, _FIELD_OF_USER, "<field>Email__c.Name</field>"),
    Variant("edit-without-read", ADMIN, "<readable>true", "<readable>false"),
    Variant("object-permission", ADMIN, "<object>MS_Graph_User__c", "<object>MS_Graph_Mailbox__c"),
    Variant("object-permission", ADMIN, "<allowRead>true", "<allowRead>false"),
    Variant("master-read", USER, _READ_OF_EMAIL, _READ_OF_EMAIL.replace("true", "false", 1)),
    Variant("master-read", INTEGRATION, "<object>Account<", "<object>Lead<"),
    Variant("user-permission", INTEGRATION, "<name>ApiEnabled", "<name>ApiEnabledd"),
    Variant("dependency", INTEGRATION, _granted("ViewRoles"), ""),
    Variant("dependency", AUDIT, _granted("ViewAllData"), ""),
    Variant("dependency", AUDIT, _granted("ViewPublicReports"), ""),
    Variant("audit-setting", SECURITY, "", None),
    Variant("audit-setting", SECURITY, "InactiveOwner>true", "InactiveOwner>false"),
    Variant("audit-setting", INTEGRATION, _granted("ViewRoles"), _granted("ViewRoles") + _granted("CreateAuditFields")),
    Variant("permission-tab", TAB, "", None),
    Variant("permission-tab", USER, "<application>Microsoft_365_Sync<", "<application>Sync<"),
    Variant("permission-tab", PERMISSION, "", None),
    # signing in
    Variant("client-app", CLIENT_OAUTH, "Application>Microsoft_365_Sync<", "Application>Sync<"),
    Variant("client-app", CLIENT_APP, "", None),
    Variant("client-users", CLIENT_POLICY, "Microsoft_365_Sync_Integration", "Nobody"),
    Variant("client-users", CLIENT_POLICY, "Microsoft_365_Sync_Integration", ""),
    # what else is of these kinds
    Variant("element", USER, "<visible>true</visible>", "<default>true</default><visible>true</visible>"),
    Variant("scattered", ADMIN, "    <label>", f"{_TWICE}    <label>"),
    Variant("scattered", LIST, "<label>", "<columns>Body_Truncated__c</columns><label>"),
    Variant("comment", SUBJECT, "<CustomField", "<!-- a note --><CustomField"),
    Variant("comment", LIST, "<ListView", "<!-- a note -->\n<ListView"),
    Variant("kind", SUBJECT.replace("/fields/", "/listViews/"), None, "<CustomField/>"),
    Variant("missing", LIST, "<filterScope>Everything</filterScope>", ""),
    Variant("length", field("Email__c.Mailbox__c"), "<relationshipName>", f"<relationshipName>{'x' * 40}"),
    Variant("length", ACTION, "<successMessage>", f"<successMessage>{'x' * 255}"),
    Variant("length", APP, "<label>", f"<label>{'x' * 40}"),
    Variant("length", LIST, "<label>", f"<label>{'x' * 40}"),
    Variant("length", LAYOUT, "<label>Email</label>", f"<label>{'x' * 81}</label>"),
    Variant("length", SHARING, "<label>", f"<label>{'x' * 80}"),
    Variant("name-field", EVENT, "RUN-{000000}", "RUN-"),
    Variant("name-field", EVENT, "RUN-{000000}", "RUN-{00000000000}"),
    Variant("name-field", EMAIL, "<type>Text</type>", "<displayFormat>E-{0}</displayFormat><type>Text</type>"),
    Variant("name-field", EMAIL, "<type>Text</type>", "<type>Number</type>"),
    Variant("sharing-model", EMAIL, ">Private</sharingModel>", ">ReadWriteTransfer</sharingModel>"),
    Variant("sharing-model", EMAIL, ">Private</sharingModel>", ">FullAccess</sharingModel>"),
    Variant("external-sharing", EMAIL, "<externalSharingModel>Private", "<externalSharingModel>ReadWrite"),
    Variant("history", EMAIL, "<type>Text</type>", "<trackHistory>true</trackHistory><type>Text</type>"),
    Variant("history", SUBJECT, "<label>", "<trackHistory>true</trackHistory><label>"),
    Variant("text-length", SUBJECT, "<length>255", "<length>0"),
    Variant("long-text-length", BODY, "<length>131072</length>", ""),
    Variant("visible-lines", BODY, "<visibleLines>25</visibleLines>", ""),
    Variant("external-id", MAILBOX, "<label>", "<externalId>true</externalId><label>"),
    Variant("unique", SENT, "<label>", "<unique>true</unique><label>"),
    Variant("unique", ACTIVE, "<label>", "<unique>true</unique><label>"),
    Variant("unfit", SUBJECT, "<label>", "<visibleLines>3</visibleLines><label>"),
    Variant("unfit", MAILBOX, "<label>", "<relationshipOrder>0</relationshipOrder><label>"),
    Variant("unfit", MAILBOX, "<label>", "<length>18</length><label>"),
    Variant("unfit", SENT, "<label>", "<precision>18</precision><label>"),
    Variant("unfit", SUBJECT, "<label>", "<referenceTo>Email__c</referenceTo><label>"),
    Variant("unfit", TO, "<label>", "<required>true</required><label>"),
    Variant("unfit", ACTIVE, "<label>", "<required>true</required><label>"),
    Variant("case-sensitive", SUBJECT, "<label>", "<caseSensitive>true</caseSensitive><label>"),
    Variant("checkbox-default", ACTIVE, "<defaultValue>false", "<defaultValue>0"),
    Variant("default-value", field("MS_Graph_Setting__c.Key__c"), "&quot;default&quot;", "default"),
    Variant("default-value", field("MS_Graph_Setting__c.Backfill_Months__c"), "<defaultValue>6", "<defaultValue>six"),
    Variant("default-value", MAILBOX, "<label>", "<defaultValue>1</defaultValue><label>"),
    Variant("digits", COUNT, "<scale>0", "<scale>19"),
    Variant("relationship-name", MAILBOX, ">Emails</relationshipName>", ">Stored Emails</relationshipName>"),
    Variant("relationship-name", MAILBOX, ">Emails</relationshipName>", ">Stored__Emails</relationshipName>"),
    Variant("relationship-name", field("MS_Graph_Sync_Error__c.Mailbox__c"), "Name>Errors<", "Name>EMAILS<"),
    Variant("master-detail", MASTER, "<label>", "<required>true</required><label>"),
    Variant("label-twice", SENT, "<label>Sent At", "<label>Subject"),
    Variant("label-twice", LIST, "<label>Unmatched", "<label>All"),
    Variant("layout-field", LAYOUT, "<field>Subject__c", "<field>CreatedDate"),
    Variant("layout-field", PARTICIPANT_LAYOUT, "<field>Role__c", "<field>OwnerId"),
    Variant("layout-required", LAYOUT, "<behavior>Required", "<behavior>Edit"),
    Variant("layout-readonly", LAYOUT, _behaves("Readonly", "CreatedById"), _behaves("Edit", "CreatedById")),
    Variant("layout-readonly", PARTICIPANT_LAYOUT, _behaves("Readonly", "Name"), _behaves("Required", "Name")),
    Variant("layout-section", LAYOUT, "        </layoutColumns>\n        <layoutColumns>", ""),
    Variant("layout-section", LAYOUT, "TwoColumnsTopToBottom", "OneColumn"),
    Variant("related-list", LAYOUT, "Email_Participant__c.Email__c", "Activity.Email__c"),
    Variant("related-list", LAYOUT, "<fields>Role__c", "<fields>OWNER.ALIAS"),
    Variant("related-list", EVENT_LAYOUT, "<fields>Subject__c", "<fields>Body__c"),
    Variant("related-history", LAYOUT, "<relatedList>RelatedFileList", "<relatedList>RelatedEntityHistoryList"),
    Variant("layout-action", LAYOUT, "<excludeButtons>Clone", "<excludeButtons>Copy"),
    Variant("list-column", part("Email_Participant__c", "listView", "All"), "<columns>NAME", "<columns>OWNER.ALIAS"),
    Variant("list-filter", part("Email_Participant__c", "listView", "All"), ">Everything<", ">Mine<"),
    Variant("list-filter", LIST, "<field>Match_Status__c", "<field>To__c"),
    Variant("list-logic", LIST, "<columns>NAME", "<booleanFilter>1 AND 2</booleanFilter><columns>NAME"),
    Variant("tab-kind", TAB, "<motif>", "<label>Mail</label><motif>"),
    Variant("tab-kind", TAB, "<customObject>true</customObject>", ""),
    Variant("tab-kind", TAB, "<motif>", "<url>https://firm.example</url><motif>"),
    Variant("motif", TAB, "Custom23: Envelope", "Custom24: Envelope"),
    Variant("motif", TAB, "<motif>Custom23: Envelope</motif>", ""),
    Variant("rule-field", RULE, "<errorConditionFormula>", "<errorConditionFormula>$Permission.Nobody || "),
    Variant("sharing-object", SHARING, "<accessLevel>Read<", "<accessLevel>None<"),
    Variant("permission-twice", USER, "    <tabSettings>\n", f"{_TAB_AGAIN}    <tabSettings>\n"),
    Variant("permission-twice", INTEGRATION, _granted("ViewRoles"), _granted("ViewRoles") * 2),
    Variant("object-permission", INTEGRATION, "<object>Account<", "<object>Task<"),
    Variant("object-permission", USER, _NO_DELETE, _NO_DELETE.replace("Delete>false", "Delete>true")),
    Variant("field-permission", USER, _FIELD_OF_USER, "<field>Email_Participant__c.Company__c</field>"),
)
