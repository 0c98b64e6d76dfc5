"""`sfdc_objects/` as data, by the sandbox's reader."""

from pathlib import Path

from m365sandbox.salesforce.metadata.package import load

ROOT = Path(__file__).parents[3] / "sfdc_objects"
PROJECT = load(ROOT)
