"""Make the typeface of exported figures in bnviz/export/fonts.

It is Source Sans 3 without the glyphs that bnviz does not need, and with a few signs from Noto that
Source Sans lacks. It has another name because the licence of Source Sans reserves its name. Kerning
and ligatures are left out: the width of a text is then the sum of the widths of its letters, in
Pillow as in a browser.

    pip install fonttools
    python scripts/make_typeface.py FOLDER

FOLDER holds SourceSans3-{Regular,Bold}.ttf and NotoSans{,Math,Symbols2}-Regular.ttf.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from fontTools.pens.recordingPen import DecomposingRecordingPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

FONTS = Path(__file__).parents[1] / "bnviz" / "export" / "fonts"
WEIGHTS = ("Regular", "Bold")
RANGES = (
    (0x20, 0x7E),
    (0xA0, 0x17F),
    (0x391, 0x3C9),
    (0x2010, 0x2026),
    (0x2070, 0x209C),
    (0x2190, 0x2193),
)
SIGNS = "\u0302\u2032\u2033⁄ᵀ€ℓ™∂∆∏∑−√∞∫≈≠≤≥○●✓⟨⟩"
BORROWED = {"NotoSansMath": "∇∈∠", "NotoSans": "ᵢ", "NotoSansSymbols2": "✕"}
LINE = (930, 230)  # units above and below the baseline
RIGHTS = "Copyright 2010-2024 Adobe, with Reserved Font Name 'Source'; copyright 2010-2020 Google"


def main() -> None:
    """Write both weights."""
    folder = Path(sys.argv[1])
    for weight in WEIGHTS:
        font = TTFont(folder / f"SourceSans3-{weight}.ttf", recalcTimestamp=False)
        reduce(font)
        for family, signs in BORROWED.items():
            lend(TTFont(folder / f"{family}-Regular.ttf"), font, signs)
        rename(font, weight)
        space(font)
        font.save(FONTS / f"BnvizSans-{weight}.ttf")


def reduce(font: Any) -> None:
    """Keep the glyphs of RANGES and SIGNS, and of the features only the placement of accents."""
    options = Options(layout_features=["mark"], hinting=False, name_IDs=[], notdef_outline=True)
    subsetter = Subsetter(options)
    codes = [code for low, high in RANGES for code in range(low, high + 1)]
    subsetter.populate(unicodes=[*codes, *map(ord, SIGNS)])
    subsetter.subset(font)


def lend(source: Any, font: Any, signs: str) -> None:
    """Copy the glyphs of some signs from one font into another; both have 1,000 units to an em."""
    glyphs, names = source.getGlyphSet(), source.getBestCmap()
    order = font.getGlyphOrder()
    for sign in signs:
        name = f"uni{ord(sign):04X}"
        font["glyf"][name] = plain(source, glyphs, names[ord(sign)])
        font["hmtx"][name] = source["hmtx"][names[ord(sign)]]
        for table in font["cmap"].tables:
            if table.isUnicode():
                table.cmap[ord(sign)] = name
    font.setGlyphOrder(list(dict.fromkeys([*order, *(f"uni{ord(sign):04X}" for sign in signs)])))


def plain(source: Any, glyphs: Any, name: str) -> Any:
    """Return a glyph without references to other glyphs."""
    recording = DecomposingRecordingPen(glyphs)
    glyphs[name].draw(recording)
    pen = TTGlyphPen(None)
    recording.replay(pen)
    return pen.glyph()


def rename(font: Any, weight: str) -> None:
    """Set the name of the font, its copyright and its licence."""
    names = {
        0: RIGHTS,
        1: "Bnviz Sans",
        2: weight,
        4: f"Bnviz Sans {weight}",
        6: f"BnvizSans-{weight}",
    }
    names |= {13: "SIL Open Font License, Version 1.1", 14: "https://openfontlicense.org"}
    for number, text in names.items():
        font["name"].setName(text, number, 3, 1, 0x409)


def space(font: Any) -> None:
    """Set the height of a line to what plotly expects, which is that of a browser's usual fonts."""
    above, below = LINE
    font["hhea"].ascent = font["OS/2"].sTypoAscender = font["OS/2"].usWinAscent = above
    font["hhea"].descent = font["OS/2"].sTypoDescender = -below
    font["OS/2"].usWinDescent = below


if __name__ == "__main__":
    main()
