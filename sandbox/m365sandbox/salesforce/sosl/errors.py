"""Why a search cannot be read."""


class MalformedSearchError(Exception):
    """The text is no SOSL, or SOSL that is not emulated."""
