"""The mail that a message encloses, as a delivery report does: who wrote it to whom."""

from urllib.parse import quote

from connector.graph import parse
from connector.graph.client import error_in, mailbox_error
from connector.graph.directory import GraphDirectory
from connector.graph.pages import is_gone
from connector.graph.queries import messages_path
from connector.model.mail import Header
from connector.model.values import GraphUserId, MessageId, RecordId


class EnclosedMail(GraphDirectory):
    """Looks into messages, on places of the dispatcher. Nothing but the people of what is enclosed is kept."""

    def enclosed(self, mailbox: RecordId, user: GraphUserId, message: MessageId) -> Header | None:
        """The headers of the first mail that is attached to a message; None where none is, or the message is gone."""
        url = f"/v1.0{messages_path(user)}/{quote(message, safe='')}/attachments"
        asked = {"$expand": "microsoft.graph.itemattachment/item", "$select": "id,name,contentType"}
        with self._dispatcher.place(user):
            response = self._client.try_get(user, url, params=asked)
        if is_gone(response):
            return None
        if response.status != 200:
            raise mailbox_error(response.status, error_in(response), user)
        found = (parse.enclosed(mailbox, message, item) for item in parse.items(response.body))
        return next(filter(None, found), None)
