"""Search a file or folder for data sets, and say in one sentence why none was found."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from bnviz.data.source import Source
from bnviz.importing import formats
from bnviz.importing.containers import Damaged, Member, beside, members, shown
from bnviz.importing.copies import Copy

OTHER_LABELS = {  # first labels of data sets whose files have MNIST's names and sizes
    (9, 0, 0, 3, 0, 2, 7, 2, 5, 5): "Fashion-MNIST",
    (9, 2, 1, 1, 6, 1, 4, 6, 5, 7): "Fashion-MNIST",
}


class Search:
    """What a path holds: copies of the wanted data sets, other data, and unreadable files."""

    def __init__(self, path: Path, sources: Iterable[Source]) -> None:
        self.path = path
        self.copies = [Copy(source) for source in sources]
        self.files = 0
        self.damage: list[str] = []
        self.others: list[str] = []
        self.notices: list[tuple[str, str]] = []  # the name of a file, and what it is
        plain = False
        for member in members(path, self.damage.append):
            plain = member.name == path.name
            self._take(member)
        begun = [copy for copy in self.copies if copy.begun]
        if path.is_file() and plain and begun and not self.whole:
            # The reader named one file of several, such as one of MNIST's four or one batch of
            # CIFAR-10: look at the files beside it too. An archive has no such siblings.
            self.copies = begun
            for member in beside(path, self.damage.append):
                self._take(member)

    @property
    def whole(self) -> list[Copy]:
        """The copies that are complete and have the published digests."""
        return [copy for copy in self.copies if not copy.fault()]

    def _take(self, member: Member) -> None:
        self.files += bool(member.head)
        try:
            for part in formats.parts(member):
                if part.labels is not None and (
                    other := OTHER_LABELS.get(tuple(part.labels[:10].tolist()))
                ):
                    raise formats.OtherData(other)
                for copy in self.copies:
                    copy.take(part)
        except formats.OtherData as other:
            self.others.append(str(other))
        except Damaged as damage:
            self.damage.append(str(damage))
        except Exception:  # six decoders of untrusted files: their errors share no base class
            self.damage.append(f"{shown(member.name)} is damaged")
        if says := formats.notice(member.head):
            self.notices.append((member.name, says))

    def refusal(self) -> str:
        """Say in one sentence why there is no whole copy."""
        return self._of_published() or self._of_begun() or self._of_foreign() or self._of_nothing()

    def _of_published(self) -> str:
        """Recognise a download that was cut off by its name and size."""
        size = self.path.stat().st_size if self.path.is_file() else 0
        wanted = max(
            copy.source.original.sizes.get(self.path.name, 0)
            for copy in self.copies
            if copy.source.original
        )
        return (
            f"{self.path} ends after {size:,} of {wanted:,} bytes: download it again"
            if 0 < size < wanted and self.damage
            else ""
        )

    def _of_begun(self) -> str:
        begun = [copy for copy in self.copies if copy.begun]
        if not begun:
            return ""
        copy = max(begun, key=lambda copy: copy.placed.mean())
        why = "; ".join([*self.damage[:1], copy.fault()])
        return f"{self.path} is not a whole copy of {copy.source.label}: {why}"

    def _of_foreign(self) -> str:
        takes = " and ".join(copy.source.label for copy in self.copies)
        if self.others:
            return f"{self.path} is {self.others[0]}: bnviz takes {takes}"
        if self.damage:
            return f"{self.path} cannot be imported: {self.damage[0]}"
        strangers = [copy for copy in self.copies if copy.strangers]
        if strangers:
            copy = strangers[0]
            return (
                f"{self.path} is not a copy of {copy.source.label}: it holds {copy.strangers:,} "
                "images of the same size, but they are different ones; "
                "images of your own need --name"
            )
        return ""

    def _of_nothing(self) -> str:
        choices = ", or ".join(copy.source.archives for copy in self.copies)
        choices += "; images of your own need --name" if self.path.is_dir() else ""
        if self.notices:
            name, says = self.notices[0]
            if name == self.path.name:
                return f"{self.path} {says}"
            return f"{self.path} holds no data: {shown(name)} {says}"
        if not self.files:
            return f"{self.path} is empty: give {choices}"
        return f"{self.path} holds no data that bnviz knows: give {choices}"
