"""What `login` needs: the named principal, and a port of this machine for the browser to come back to."""

from collections.abc import Iterator
from contextlib import contextmanager

from connector.graph.loopback import listening
from connector.operations.login import SignInServices
from connector.settings.model import Settings
from connector.wiring.credentials import named_principal
from connector.wiring.services import open_transport


@contextmanager
def sign_in_services(settings: Settings) -> Iterator[SignInServices]:
    """The services of a sign-in. Raises UsageError where the application itself signs in."""
    with open_transport(settings) as transport:
        principal = named_principal(settings, transport)
        with listening() as answer:
            yield SignInServices(
                principal=principal, answer=answer, authorize_url=settings.graph_provider.authorize_url
            )
