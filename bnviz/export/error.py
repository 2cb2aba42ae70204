"""The error that an export raises."""


class ExportError(ValueError):
    """A file cannot be made; the message is one sentence for the reader."""
