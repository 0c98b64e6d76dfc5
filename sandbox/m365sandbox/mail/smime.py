"""Signed and encrypted mail as a mailbox keeps it.

MS-OXOSMIME: a clear-signed mail has one attachment, `smime.p7m` of type multipart/signed, which is the whole signed
content as it came; its body is shown from the text that was signed. An opaque one is that attachment alone.
"""

from m365sandbox.mail.headers import first
from m365sandbox.mail.parts import Part

NAME = "smime.p7m"
_OPAQUE = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_SIGNATURES = frozenset({"application/pkcs7-signature", "application/x-pkcs7-signature"})


def is_clear_signed(root: Part) -> bool:
    """Whether the mail is signed text with an S/MIME signature beside it. PGP's is an attachment like any other."""
    if root.content_type != "multipart/signed" or len(root.children) != 2:
        return False
    return root.children[1].content_type in _SIGNATURES


def is_opaque(part: Part) -> bool:
    """Whether a part is encrypted, or signed together with its text."""
    return part.content_type in _OPAQUE


def signed_content(root: Part) -> Part:
    """The attachment that holds all of a clear-signed mail, its signature included."""
    content = b"Content-Type: " + (first(root.headers, "Content-Type") or b"") + b"\r\n\r\n" + root.body
    headers = [("Content-Disposition", f'attachment; filename="{NAME}"'.encode())]
    return Part(headers, memoryview(content), root.content_type, {})
