"""Mail that a rule of the org refuses is tried once a day: the hour that is read again does not try it."""

from tests.support.world import World


def test_refused_mail_is_not_tried_by_each_run(firm: World) -> None:
    firm.control(
        "POST",
        "rules",
        {
            "object": "Email__c",
            "when": "Subject__c = 'no'",
            "message": "Not this one.",
            "field": "Subject__c",
            "code": "FIELD_CUSTOM_VALIDATION_EXCEPTION",
        },
    )
    firm.message(
        "ada",
        subject="no",
        received=firm.ago(minutes=5),
        toRecipients=["ada@firm.example"],
        **{"from": "rita@reed.example"},
    )
    firm.sync(code=1)
    firm.advance(minutes=15)
    assert firm.sync(code=0)["event"] is None
    [row] = firm.rows("SELECT Id, Attempts__c FROM MS_Graph_Sync_Error__c")
    assert row["Attempts__c"] == 1
    firm.control("DELETE", "rules")
    firm.org.MS_Graph_Sync_Error__c.update(row["Id"], {"Status__c": "Retry Requested"})
    assert firm.sync()["emails"] == 1
