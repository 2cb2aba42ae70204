"""What goes wrong when something is taken away."""


class ExportError(ValueError):
    """A file that cannot be made; its text is one sentence for the reader."""
