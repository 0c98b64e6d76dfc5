"""What is wrong with a formula."""


class FormulaError(ValueError):
    """The formula cannot be deployed; the message is a sentence in the words of Setup where they are known."""
