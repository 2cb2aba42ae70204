"""Decode one of the reader's own image files into a small square of RGB pixels.

Every kind of file has a rule. Grey, palette, CMYK and other colours become RGB; transparent parts
are laid over white; of 16 bits the upper 8 count; an animation gives its first frame; a photo is
turned as its camera noted. What cannot be decoded is Broken.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from bnviz.data.source import Bytes

FORMATS = ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "PPM")  # that Pillow decodes by itself
MOST_STRETCHED = 100  # times that one side may be as long as the other

Transform = Callable[[Image.Image], Image.Image]


class Broken(Exception):
    """A file cannot be used; the message says why, in words that follow the file's name."""


def suffixes() -> frozenset[str]:
    """Return the endings of the names of image files, with their dots, in lower case."""
    known = Image.registered_extensions().items()
    return frozenset(ending for ending, format in known if format in FORMATS)


def square(side: int) -> Transform:
    """Return the transform of torchvision that makes the shorter side `side` pixels, and crops."""
    from torchvision.transforms import v2  # type: ignore[import-untyped]

    transform: Transform = v2.Compose([v2.Resize(side), v2.CenterCrop(side)])
    return transform


def pixels(path: Path, transform: Transform) -> Bytes:
    """Return the pixels of an image file (side, side, 3) in RGB; Broken if it cannot be used."""
    try:
        if not path.is_file():
            raise Broken("is not a file")
        if not path.stat().st_size:
            raise Broken("is empty")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # oddities that Pillow can deal with
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=FORMATS) as image:
                if max(image.size) > MOST_STRETCHED * min(image.size):
                    size = "{:,} × {:,}".format(*image.size)
                    raise Broken(
                        f"is {size} pixels, one side over {MOST_STRETCHED} times the other"
                    )
                return np.asarray(transform(in_rgb(ImageOps.exif_transpose(image))))
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise Broken(f"has more than {Image.MAX_IMAGE_PIXELS:,} pixels") from None
    except UnidentifiedImageError:
        raise Broken(f"is damaged, or none of {', '.join(FORMATS)}") from None
    except OSError as problem:
        raise Broken(reason(problem)) from None
    except (Broken, MemoryError):
        raise
    except Exception:  # Pillow's decoders of untrusted files raise errors of no common class
        raise Broken("is damaged") from None


def in_rgb(image: Image.Image) -> Image.Image:
    """Return an image with 8-bit RGB pixels; Broken if it has colours that have no rule."""
    if image.mode == "F":
        raise Broken("has fractions as pixels: save it with 8 or 16 bits")
    if image.mode.startswith("I"):  # 16 bits, which some formats yield as 32
        levels = np.asarray(image)
        if levels.min() < 0 or levels.max() > 65_535:
            raise Broken("has 32-bit pixels: save it with 8 or 16 bits")
        image = Image.fromarray((levels >> 8).astype(np.uint8))
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image.convert("RGBA"))
    try:
        return image.convert("RGB")
    except ValueError:
        raise Broken(f"has {image.mode} colours, which have no conversion to RGB") from None


def reason(problem: OSError) -> str:
    """Return why a file cannot be read, in words that follow its name."""
    if problem.errno is not None:
        return f"cannot be read ({(problem.strerror or 'unknown reason').lower()})"
    return "ends too early" if "truncated" in str(problem) else "is damaged"
