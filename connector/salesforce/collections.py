"""A run's row in MS_Graph_Sync_Event__c, as a sub-request: it rides along with whatever is written."""

from connector.model.run import EventRecord
from connector.salesforce.client import CompositeRequest, SalesforceClient
from connector.salesforce.wire import wire_fields

EVENT = "MS_Graph_Sync_Event__c"


def event_request(client: SalesforceClient, event: EventRecord) -> CompositeRequest:
    """Make the row, or bring it up to date. The key stands in the address and may not be repeated in the body."""
    fields = {name: value for name, value in event.fields.items() if name != "Run_Key__c"}
    return CompositeRequest(
        method="PATCH",
        url=client.row(EVENT, "Run_Key__c", event.key),
        asked=f"the event {event.key} in {EVENT}",
        body=client.names.to_wire(wire_fields(fields)),
    )
