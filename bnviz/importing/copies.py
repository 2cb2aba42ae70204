"""Put the images and labels of a copy back into the published order, as files turn up."""

from __future__ import annotations

import hashlib

import numpy as np

from bnviz.data import keys
from bnviz.data.source import Arrays, Bytes, Source, digests
from bnviz.importing.formats import Labels, Part

UNKNOWN = 255  # marks a label that has not been found yet
CHUNK = 1_000  # images placed at once


class Copy:
    """What has been found so far of one published data set."""

    def __init__(self, source: Source) -> None:
        assert source.original is not None
        self.source = source
        channels, height, width = source.shape
        self.shape = (height, width, channels)
        self.classes = {name.casefold(): label for label, name in enumerate(source.classes)}
        self.classes |= {str(label): label for label in range(len(source.classes))}
        self.keys, self.train_count = source.original.keys(), source.train_count
        self.order = np.argsort(self.keys)
        self.images: Bytes = np.empty((0, *self.shape), np.uint8)
        self.labels: Bytes = np.full(len(self.keys), UNKNOWN, np.uint8)
        self.placed = np.zeros(len(self.keys), bool)
        self.strangers = 0  # images of this size that are not in the data set
        self.label_counts: set[int] = set()  # lengths of the label files found
        self._halves = (slice(0, self.train_count), slice(self.train_count, None))

    @property
    def begun(self) -> bool:
        """Whether anything of the data set has been found."""
        return bool(self.placed.any() or (self.labels != UNKNOWN).any())

    def take(self, part: Part) -> None:
        """Put images and labels in their places, and count the images that have none."""
        if part.images is None:
            self._take_labels(part.labels)
        elif part.images.shape[1:] == self.shape:
            for start in range(0, len(part.images), CHUNK):
                chunk = slice(start, start + CHUNK)
                images = part.images[chunk]
                self._take_images(
                    images,
                    self._named(part, len(images)) if part.labels is None else part.labels[chunk],
                )

    def _named(self, part: Part, count: int) -> Labels:
        label = next((self.classes[word] for word in part.words if word in self.classes), UNKNOWN)
        return np.full(count, label)

    def _take_images(self, images: Bytes, labels: Labels) -> None:
        found = keys.of(images)
        places = self.order[np.searchsorted(self.keys, found, sorter=self.order) % len(self.keys)]
        known = self.keys[places] == found
        self.strangers += int((~known).sum())
        if known.any() and not len(self.images):
            self.images = np.zeros((len(self.keys), *self.shape), np.uint8)
        self.images[places[known]] = images[known]
        self.placed[places[known]] = True
        labelled = known & (labels >= 0) & (labels < len(self.source.classes))
        self.labels[places[labelled]] = labels[labelled]

    def _take_labels(self, labels: Labels | None) -> None:
        """Place labels that came without images: one half or both, in the published order."""
        if labels is None:
            return
        halves = np.split(labels, [self.train_count]) if len(labels) == len(self.keys) else [labels]
        for half in halves:
            self.label_counts.add(len(half))
            content = half.astype(np.uint8)
            for place, digest in zip(self._halves, self.source.digests[1::2], strict=True):
                if hashlib.sha256(content.data).hexdigest() == digest:
                    self.labels[place] = content

    def arrays(self) -> Arrays:
        """Return what has been found, in the published order."""
        train, test = self._halves
        return Arrays(self.images[train], self.labels[train], self.images[test], self.labels[test])

    def fault(self) -> str:
        """Return as a clause what is missing or wrong; an empty string for a whole copy."""
        total, placed = len(self.keys), int(self.placed.sum())
        if placed < total:
            others = f", and {self.strangers:,} others of their size" if self.strangers else ""
            return f"it has {placed:,} of the {total:,} images{others}"
        for half, place in zip(("training", "test"), self._halves, strict=True):
            labels = self.labels[place]
            missing = int((labels == UNKNOWN).sum())
            if missing and len(labels) not in self.label_counts:
                return f"it has no labels for {missing:,} of the {len(labels):,} {half} images"
        found = zip(Arrays._fields, digests(self.arrays()), self.source.digests, strict=True)
        wrong = [field for field, is_, wanted in found if is_ != wanted]
        return f"its {wrong[0].replace('_', ' ')} are not {self.source.label}'s" if wrong else ""
