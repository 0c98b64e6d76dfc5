"""Reads `sfdc_objects/` (SFDX source format) as an org does on deploy: what it cannot accept is refused by file name.

`read_metadata` gives plain data, `org_schema` joins it with the standard objects, `deploy` does both.
"""

from m365sandbox.salesforce.metadata.build import Deployed, deploy, org_schema
from m365sandbox.salesforce.metadata.model import (
    Criterion,
    CustomObject,
    FieldPermission,
    Metadata,
    MetadataError,
    ObjectPermission,
    PermissionSet,
    SharingRule,
    ValidationRule,
)
from m365sandbox.salesforce.metadata.read import locate, read_metadata

__all__ = [
    "Criterion",
    "CustomObject",
    "Deployed",
    "FieldPermission",
    "Metadata",
    "MetadataError",
    "ObjectPermission",
    "PermissionSet",
    "SharingRule",
    "ValidationRule",
    "deploy",
    "locate",
    "org_schema",
    "read_metadata",
]
