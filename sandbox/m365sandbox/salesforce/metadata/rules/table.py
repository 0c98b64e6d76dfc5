"""What an org refuses when metadata is deployed: each rule with its source, and the figures behind it.

SEEN means: recorded in public packages and deploy logs, not stated by the documentation. The checks that read this
table stand beside it; `sandbox/tests/data/metadata_variants.py` breaks each rule.
"""

from typing import NamedTuple

from m365sandbox.salesforce import standard

_META = "https://developer.salesforce.com/docs/atlas.en-us.api_meta.meta/api_meta/"
_HELP = "https://help.salesforce.com/s/articleView?id="
OBJECT, FIELD = f"{_META}customobject.htm", f"{_META}customfield.htm"
FIELD_TYPES = f"{_META}meta_field_types.htm"
LAYOUT, LIST_VIEW = f"{_META}meta_layouts.htm", f"{_META}meta_listview.htm"
COMPACT, TAB, APP = f"{_META}meta_compactlayout.htm", f"{_META}meta_tab.htm", f"{_META}meta_customapplication.htm"
SHARING, PERMISSION_SET = f"{_META}meta_sharingrules.htm", f"{_META}meta_permissionset.htm"
VALIDATION, ACTION = f"{_META}meta_validationformulas.htm", f"{_META}meta_quickaction.htm"
CUSTOM_PERMISSION, METADATA = f"{_META}meta_custompermission.htm", f"{_META}metadata.htm"
CLIENT_APP = f"{_META}meta_externalclientapplication.htm"
CLIENT_POLICY = f"{_META}meta_extlclntappoauthconfigurablepolicies.htm"
CUSTOM_FIELDS = f"{_HELP}platform.custom_field_types.htm"
OBJECT_PERMISSION_SET = (
    "https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/"
    "sforce_api_objects_permissionset.htm"
)
SEEN = "recorded in public packages and deploy logs"


class Limit(NamedTuple):
    """The most characters of an element of one kind of file; `path` leads to it."""

    kind: str
    path: str
    most: int
    source: str


LIMITS = (
    Limit("object", "label", 40, OBJECT),
    Limit("object", "pluralLabel", 40, OBJECT),
    Limit("object", "description", 1000, OBJECT),
    Limit("object", "nameField/label", 40, FIELD),
    Limit("field", "label", 40, FIELD),
    Limit("field", "description", 1000, FIELD),
    Limit("field", "inlineHelpText", 510, FIELD),
    Limit("field", "relationshipLabel", 80, FIELD),
    Limit("field", "relationshipName", 40, FIELD),
    Limit("field", "valueSet/valueSetDefinition/value/fullName", 255, CUSTOM_FIELDS),
    Limit("field", "valueSet/valueSetDefinition/value/label", 255, CUSTOM_FIELDS),
    Limit("listView", "label", 40, LIST_VIEW),
    Limit("compactLayout", "label", 40, COMPACT),
    Limit("validationRule", "errorMessage", 255, VALIDATION),
    Limit("validationRule", "description", 255, SEEN),
    Limit("validationRule", "errorConditionFormula", 3900, VALIDATION),
    Limit("permissionset", "label", 80, OBJECT_PERMISSION_SET),
    Limit("permissionset", "description", 255, OBJECT_PERMISSION_SET),
    Limit("customPermission", "label", 80, CUSTOM_PERMISSION),
    Limit("customPermission", "description", 255, CUSTOM_PERMISSION),
    Limit("quickAction", "label", 80, ACTION),
    Limit("quickAction", "description", 255, SEEN),
    Limit("quickAction", "successMessage", 255, SEEN),
    Limit("app", "label", 40, APP),
    Limit("app", "description", 255, APP),
    Limit("tab", "description", 255, TAB),
    Limit("layout", "layoutSections/label", 80, LAYOUT),
    Limit("sharingRules", "sharingCriteriaRules/label", 80, SHARING),
    Limit("sharingRules", "sharingCriteriaRules/description", 1000, SHARING),
    Limit("eca", "label", 80, CLIENT_APP),
    Limit("eca", "description", 255, SEEN),
)
#: The most characters of a file's developer name, `__c` apart.
NAME_LIMITS = {
    "object": 40,
    "field": 40,
    "listView": 40,
    "compactLayout": 40,
    "validationRule": 40,
    "tab": 40,
    "app": 40,
    "quickAction": 40,
    "permissionset": 80,
    "customPermission": 80,
    "eca": 80,
    "ecaOauth": 80,
    "ecaOauthPlcy": 80,
    "ecaPlcy": 80,
}
#: The root element of a kind of file, and the folder it stands in; an object's folder has its own name.
KINDS = {
    "object": ("CustomObject", None),
    "field": ("CustomField", "fields"),
    "listView": ("ListView", "listViews"),
    "compactLayout": ("CompactLayout", "compactLayouts"),
    "validationRule": ("ValidationRule", "validationRules"),
    "permissionset": ("PermissionSet", "permissionsets"),
    "customPermission": ("CustomPermission", "customPermissions"),
    "sharingRules": ("SharingRules", "sharingRules"),
    "layout": ("Layout", "layouts"),
    "tab": ("CustomTab", "tabs"),
    "app": ("CustomApplication", "applications"),
    "quickAction": ("QuickAction", "quickActions"),
    "settings": ("SecuritySettings", "settings"),
    "eca": ("ExternalClientApplication", "externalClientApps"),
    "ecaGlblOauth": ("ExtlClntAppGlobalOauthSettings", "extlClntAppGlobalOauthSets"),
    "ecaOauth": ("ExtlClntAppOauthSettings", "extlClntAppOauthSettings"),
    "ecaOauthPlcy": ("ExtlClntAppOauthConfigurablePolicies", "extlClntAppOauthPolicies"),
    "ecaPlcy": ("ExtlClntAppConfigurablePolicies", "extlClntAppPolicies"),
}
#: Kinds whose file repeats the name as `fullName`.
CHILDREN_OF_OBJECTS = frozenset({"field", "listView", "compactLayout", "validationRule"})

# Figures of fields (CUSTOM_FIELDS, FIELD_TYPES).
LONGEST_TEXT, SHORTEST_LONG_TEXT, LONGEST_LONG_TEXT, MOST_DIGITS = 255, 256, 131_072, 18
MOST_EXTERNAL_IDS, MOST_TRACKED, MOST_MASTERS, MOST_COMPACT, MOST_COLUMNS = 25, 20, 2, 10, 15
#: Columns of a related list, and filters of a list view.
MOST_RELATED, MOST_FILTERS = 10, 10
LONG = frozenset({"Html", "LongTextArea"})
EXTERNAL_ID_TYPES = frozenset({"AutoNumber", "Email", "Number", "Text"})
UNIQUE_TYPES = frozenset({"Email", "Number", "Text"})
#: Elements that only fields of these types may have (FIELD_TYPES).
ONLY_OF: dict[str, frozenset[str]] = {
    "caseSensitive": frozenset({"Text"}),
    "deleteConstraint": frozenset({"Lookup"}),
    "displayFormat": frozenset({"AutoNumber"}),
    "length": LONG | {"EncryptedText", "Text"},
    "precision": frozenset({"Currency", "Number", "Percent"}),
    "referenceTo": frozenset({"Lookup", "MasterDetail"}),
    "relationshipLabel": frozenset({"Lookup", "MasterDetail"}),
    "relationshipName": frozenset({"Lookup", "MasterDetail"}),
    "relationshipOrder": frozenset({"MasterDetail"}),
    "reparentableMasterDetail": frozenset({"MasterDetail"}),
    "scale": frozenset({"Currency", "Number", "Percent"}),
    "startingNumber": frozenset({"AutoNumber"}),
    "valueSet": frozenset({"MultiselectPicklist", "Picklist"}),
    "visibleLines": LONG | {"MultiselectPicklist"},
    "writeRequiresMasterRead": frozenset({"MasterDetail"}),
}
#: Types whose fields are never required, or always.
NEVER_REQUIRED = LONG | {"AutoNumber", "Checkbox", "MasterDetail", "MultiselectPicklist"}
#: Types whose default is no `defaultValue`.
WITHOUT_DEFAULT = frozenset({"AutoNumber", "Html", "Lookup", "MasterDetail", "MultiselectPicklist", "Picklist"})
#: What custom objects may have; the wider words below are for standard ones.
SHARING_OF_CUSTOM = frozenset({"ControlledByParent", "Private", "Read", "ReadWrite"})
#: Columns of a layout's sections by their style (LAYOUT).
SECTION_COLUMNS = {"CustomLinks": 3, "OneColumn": 1, "TwoColumnsLeftToRight": 2, "TwoColumnsTopToBottom": 2}
#: From the narrowest to the widest.
SHARING_WIDTH = ("Private", "Read", "ReadWrite", "ReadWriteTransfer", "FullAccess")

#: Fields that every object has, as layouts and permission sets name them; OwnerId no detail has.
SYSTEM_FIELDS = frozenset({"Name", "OwnerId", "CreatedById", "LastModifiedById", "CreatedDate", "LastModifiedDate"})
#: Dates stand on a layout with their user.
NOT_ON_LAYOUTS = frozenset({"CreatedDate", "LastModifiedDate"})
ALWAYS_READONLY = frozenset({"CreatedById", "LastModifiedById"})
#: Columns of list views and related lists that are not API names (LIST_VIEW).
COLUMN_NAMES = {
    "NAME": "Name",
    "OWNER.ALIAS": "OwnerId",
    "CREATEDBY_USER": "CreatedById",
    "CREATED_DATE": "CreatedDate",
    "UPDATEDBY_USER": "LastModifiedById",
    "LAST_UPDATE": "LastModifiedDate",
}
PLATFORM_RELATED_LISTS = frozenset({"RelatedEntityHistoryList", "RelatedFileList", "RelatedNoteList"})
STANDARD_BUTTONS = frozenset({"Edit", "Delete", "Clone", "Share", "ChangeOwnerOne", "PrintableView", "Submit"})
#: @salesforce/plugin-sobject, `generate tab`: the hundred motifs, from Custom1 on.
MOTIFS = (
    "Heart|Fan|Sun|Hexagon|Leaf|Triangle|Square|Diamond|Lightning|Moon|Star|Circle|Box|Hands|People|"
    "Bank|Sack|Form|Wrench|Airplane|Computer|Telephone|Envelope|Building|Alarm clock|Flag|Laptop|"
    "Cell phone|PDA|Radar dish|Car|Factory|Desk|Insect|Microphone|Train|Bridge|Camera|Telescope|"
    "Credit card|Cash|Treasure chest|Jewel|Hammer|Ticket|Stamp|Knight|Trophy|CD/DVD|Big top|Apple|"
    "Balls|Bell|Boat|Books|Bottle|Building Block|Caduceus|Can|Umbrella|Castle|Chalkboard|Chip|Compass|"
    "Cup|Dice|Gears|Globe|Guitar|Handsaw|Headset|Helicopter|Highway Sign|Hot Air Balloon|IP Phone|Keys|"
    "Locked|Map|Measuring Tape|Motorcycle|Musical Note|Whistle|Pencil|Presenter|Real Estate Sign|"
    "Red Cross|Safe|Sailboat|Saxophone|Scales|Shield|Ship|Shopping Cart|Stethoscope|Stopwatch|"
    "Street Sign|Thermometer|Truck|TV CRT|TV Widescreen"
)

#: "Permission A depends on permission(s): B" (deploy logs). An org with forecasts or Shield asks for more, which
#: docs/salesforce-setup.md lists (an org's own are in PermissionDependency).
DEPENDENCIES = {
    "ModifyAllData": ("ViewAllData", "ViewSetup", "ViewEventLogFiles", "ViewPublicDashboards", "ViewPublicReports"),
    "QueryAllFiles": ("ViewAllData",),
    "ViewAllData": ("ViewEventLogFiles", "ViewPublicDashboards", "ViewPublicReports"),
    "ViewSetup": ("ViewRoles",),
}
#: They exist after the org setting "Set Audit Fields upon Record Creation" is on (knowledge article 000213290).
AUDIT_PERMISSIONS = frozenset({"CreateAuditFields", "UpdateWithInactiveOwner"})
#: Names that the object reference lists as Permissions… columns of PermissionSet, as far as the sandbox knows them.
USER_PERMISSIONS = frozenset(standard.USER_PERMISSIONS) | frozenset(DEPENDENCIES).union(*DEPENDENCIES.values())
#: An object permission, and those it brings along.
OBJECT_DEPENDENCIES = {
    "allowCreate": ("allowRead",),
    "allowEdit": ("allowRead",),
    "allowDelete": ("allowRead", "allowEdit"),
    "viewAllRecords": ("allowRead",),
    "viewAllFields": ("allowRead",),
    "modifyAllRecords": ("allowRead", "allowEdit", "allowDelete", "viewAllRecords"),
}
#: Standard objects whose rights depend on another's.
STANDARD_MASTERS = {"Contact": "Account", "Opportunity": "Account"}
STANDARD_OBJECTS = frozenset(STANDARD_MASTERS) | {"Account", "Lead", "Task", "Event", "ContentVersion"}
#: Those that object permissions do not cover: everybody has them.
WITHOUT_PERMISSIONS = frozenset({"ContentVersion", "Event", "Task"})

#: Every rule by its code: what is refused, and the source.
RULES = {
    "xml": ("A file that is not well-formed XML", METADATA),
    "kind": ("A file of an unknown kind, under another root element, or in another folder than its kind's", METADATA),
    "element": ("An element that its type does not have", SEEN),
    "repeated": ("An element twice where one may stand", SEEN),
    "scattered": ("Elements of one name that do not stand together", SEEN),
    "comment": ("A comment before the root element of a part of an object", SEEN),
    "missing": ("An element that has to be there is missing", METADATA),
    "value": ("A value that is none of the choices, no boolean or no number", METADATA),
    "name": ("A name that is too long, begins with a digit, ends in _ or has __ in it", METADATA),
    "length": ("A text that is longer than its kind allows", OBJECT_PERMISSION_SET),
    "apis": ("enableBulkApi, enableSharing and enableStreamingApi that differ", OBJECT),
    "name-field": ("An object without name field, or an automatic number without format", OBJECT),
    "sharing-model": (
        "ControlledByParent without master-detail, the other way round, or a standard object's word",
        OBJECT,
    ),
    "external-sharing": ("External access that is wider than internal access", OBJECT),
    "history": ("trackHistory on an object without enableHistory, or on more than 20 fields", FIELD),
    "text-length": ("Text of no length, or of more than 255", CUSTOM_FIELDS),
    "long-text-length": ("Long or rich text below 256 or above 131,072", CUSTOM_FIELDS),
    "visible-lines": ("Long or rich text without visibleLines", FIELD_TYPES),
    "external-id": ("An external id of another type than Text, Number, Email, AutoNumber; more than 25", FIELD),
    "unique": ("A unique field of another type than Text, Number, Email", FIELD),
    "checkbox-default": ("A checkbox without default", FIELD_TYPES),
    "picklist-defaults": ("Two default values of one picklist", SEEN),
    "picklist-twice": ("A picklist value twice", SEEN),
    "digits": ("A number of more than 18 digits, or of more decimals than digits", FIELD_TYPES),
    "relationship-name": ("A lookup without relationshipName, or one name twice on a parent", FIELD),
    "lookup-target": ("A lookup to an object that is not there", FIELD),
    "required-lookup": ("A required lookup that is emptied on delete", FIELD),
    "master-detail": ("A third master, or a master-detail field with deleteConstraint or required", FIELD),
    "unfit": ("An element that fields of the type do not have, or a required field of a type that never is", SEEN),
    "case-sensitive": ("caseSensitive on a field that is not unique", FIELD),
    "default-value": ("A default value that is no value of the type: text without quotes, a word for a number", FIELD),
    "label-twice": ("One label twice among the fields, list views or compact layouts of an object", SEEN),
    "layout-name": ("A layout of an object that is not there", LAYOUT),
    "layout-field": ("A field on a layout that is not there, or twice", LAYOUT),
    "layout-required": ("A required, master-detail or text Name field missing on a layout or not Required there", SEEN),
    "layout-readonly": ("A field on a layout that nobody can write and that is not Readonly there", SEEN),
    "layout-section": ("A layout without sections, or a section with more or fewer columns than its style has", SEEN),
    "related-list": ("A related list that is not there, a column of it, or the eleventh", LAYOUT),
    "related-history": ("The history of an object that keeps none as a related list", LAYOUT),
    "sort-field": ("A related list sorted by a field that is not among its columns", SEEN),
    "layout-action": ("A quick action or button on a layout that is not there", LAYOUT),
    "list-column": ("A list view column that is not there, or long text", LIST_VIEW),
    "list-filter": ("A list view filter on a field or value that is not there", LIST_VIEW),
    "list-logic": ("A filter logic that names a filter that is not there, or more than ten filters", LIST_VIEW),
    "compact-field": ("A field of a compact layout that is not there, long text, or the eleventh", COMPACT),
    "compact-assignment": ("An assigned compact layout that is not there", OBJECT),
    "motif": ("A tab style that does not exist", "@salesforce/plugin-sobject, generate tab"),
    "tab-object": ("A tab of an object that is not there", TAB),
    "tab-kind": ("A tab of nothing, of two things, or a labelled tab of an object", TAB),
    "app-tab": ("An app with a tab that is not there", APP),
    "action-field": ("A quick action with a field or value that is not there", ACTION),
    "sharing-object": ("A sharing rule that opens nothing: the object is not private enough", SHARING),
    "sharing-field": ("A sharing rule by a field or value that is not there", SHARING),
    "rule-field": ("A validation rule that names a field, value or permission that is not there", VALIDATION),
    "permission-twice": ("A permission twice", SEEN),
    "field-permission": ("A permission on a field that is not there, required, master-detail or Name", PERMISSION_SET),
    "edit-without-read": ("Edit without Read on a field", PERMISSION_SET),
    "object-permission": ("A permission on a missing object, or without those it depends on", PERMISSION_SET),
    "master-read": ("Read on a detail without Read on its master", SEEN),
    "user-permission": ("An unknown user permission", PERMISSION_SET),
    "dependency": ("A user permission without those it depends on", SEEN),
    "audit-setting": ("Audit permissions without, or together with, the org setting that brings them", SEEN),
    "permission-tab": ("A tab, app or custom permission in a permission set that is not there", PERMISSION_SET),
    "client-app": ("A part of an External Client App that names an app that is not there", CLIENT_APP),
    "client-users": ("Pre-authorized users without a permission set or profile that is there", CLIENT_POLICY),
}
