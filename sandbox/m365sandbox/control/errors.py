"""What the control API refuses; every refusal is `{"error": …}`."""

from m365sandbox.wire import Response


class ControlError(Exception):
    """A refusal with its status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message

    def response(self) -> Response:
        """The JSON answer."""
        return Response.of_json({"error": self.message}, self.status)


def bad(message: str) -> ControlError:
    """An unknown key, or a value that cannot be."""
    return ControlError(400, message)


def not_found(message: str) -> ControlError:
    """An unknown mailbox or path."""
    return ControlError(404, message)
