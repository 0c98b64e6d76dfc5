"""What stands before the org: it refuses long addresses and heads with pages of HTML, and packs answers."""

import gzip
from urllib.parse import quote

from m365sandbox.wire import Request, Response

#: Address and headers together (Salesforce help 000386264); a longer address alone has a status of its own.
MAX_HEAD_BYTES = 16_384
#: Smaller answers do not get smaller by packing.
_WORTH_PACKING = 1_024


def too_long(request: Request) -> Response | None:
    """The refusal of an address or a head that is too long, or None."""
    address = len(request.raw_path or request.path) + sum(
        len(quote(key, safe="")) + len(quote(value, safe="")) + 2 for key, value in request.query
    )
    head = address + sum(len(name) + len(value) + 4 for name, value in request.headers.items())
    if address > MAX_HEAD_BYTES:
        return _page(414, "URI Too Long")
    return _page(431, "Request Header Fields Too Large") if head > MAX_HEAD_BYTES else None


def packed(request: Request, response: Response) -> Response:
    """The answer as gzip where the client takes that (REST guide, "Compression")."""
    response.headers["Vary"] = "Accept-Encoding"
    body = response.body
    takes_gzip = "gzip" in request.headers.get("accept-encoding", "").lower()
    if takes_gzip and isinstance(body, bytes) and len(body) >= _WORTH_PACKING:
        response.body = gzip.compress(body, compresslevel=1, mtime=0)
        response.headers["Content-Encoding"] = "gzip"
    return response


def _page(status: int, reason: str) -> Response:
    page = f"<html><head><title>{status} {reason}</title></head><body><h1>{reason}</h1></body></html>"
    return Response(status, {"Content-Type": "text/html;charset=UTF-8"}, page.encode())
