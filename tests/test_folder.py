"""Images of a reader's own: rules for every kind of file, the split, names, runs and bundles."""

from __future__ import annotations

import itertools
import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bnviz import cli, data
from bnviz.data import DataError, own
from bnviz.importing import folder as folders
from bnviz.importing.folder import Imported, drawn, import_folder
from bnviz.importing.pictures import Broken, pixels, square
from bnviz.runs.bundle import bundle
from bnviz.runs.bundle_files import BundleError
from bnviz.runs.engines.inline import Inline
from bnviz.runs.run import Run
from bnviz.runs.store import Store
from bnviz.runs.unpack import unpack
from bnviz.spec import RunSpec, SpecError
from tests.conftest import tiny_spec
from tests.pages import drawer, page

RED, GREEN, BLUE = (200, 30, 30), (30, 200, 30), (30, 30, 200)
COLOURS = {"rose": RED, "fern": GREEN, "iris": BLUE}


def picture(colour: Any, mode: str = "RGB", size: tuple[int, int] = (20, 16)) -> Image.Image:
    return Image.new(mode, size, colour)


def tree(root: Path, each: int = 5, names: str = "rose fern iris", noise: int = 0) -> Path:
    """Write PNG images of every class, each with other pixels."""
    rng = np.random.default_rng(noise)
    for name, number in itertools.product(names.split(), range(each)):
        path = root / name / f"{number:03}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        base = np.array(COLOURS.get(name, (90, 90, 90)), np.uint8)
        Image.fromarray(base + rng.integers(0, 50, (12, 16, 3), np.uint8)).save(path)
    return root


def truncated(path: Path) -> None:
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 40, 3), np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def spoil(root: Path) -> dict[str, str]:
    """Write broken files among the images, and return what is said about each."""
    (root / "rose" / "empty.png").touch()
    truncated(root / "rose" / "cut.jpg")
    truncated(root / "fern" / "cut.png")
    (root / "fern" / "text.jpg").write_text("no picture", "utf-8")
    picture(0, "L", (10_000, 9_000)).save(root / "iris" / "bomb.png")
    picture(RED, size=(2, 2000)).save(root / "iris" / "line.png")
    picture(0.5, "F").save(root / "iris" / "fractions.tif")
    (root / "iris" / "nowhere.png").symlink_to(root / "gone.png")
    return {
        "rose/empty.png": "is empty",
        "rose/cut.jpg": "ends too early",
        "fern/cut.png": "ends too early",
        "fern/text.jpg": "is damaged, or none of JPEG, PNG, GIF, BMP, TIFF, WEBP, PPM",
        "iris/bomb.png": "has more than 89,478,485 pixels",
        "iris/line.png": "is 2 × 2,000 pixels, one side over 100 times the other",
        "iris/fractions.tif": "has fractions as pixels: save it with 8 or 16 bits",
        "iris/nowhere.png": "is not a file",
    }


def said_of(root: Path, name: str = "flowers", **options: Any) -> tuple[Imported, list[str]]:
    said: list[str] = []
    return import_folder(root, name, report=said.append, **options), said


def trained(made: Imported, **changed: Any) -> Run:
    """Train two steps on a new data set."""
    settings = {"model": "lenet", "width": 0.25, "batch": 4, "steps": 2, "probes": {"accuracy": 1}}
    run = Store().submit(tiny_spec(data=made.source.name, **(settings | changed)))
    Inline().start(run)
    assert run.state == "done", run.log()
    return run


# One image


@pytest.mark.parametrize(
    ("name", "image", "colour"),
    [
        ("grey.png", picture(120, "L"), (120, 120, 120)),
        ("grey.jpg", picture(120, "L"), (120, 120, 120)),
        ("bits.png", picture(1, "1"), (255, 255, 255)),
        ("palette.png", picture(RED).quantize(), RED),
        ("palette.gif", picture(RED).quantize(), RED),
        ("cmyk.jpg", picture((0, 255, 255, 0), "CMYK"), (255, 0, 0)),
        ("cmyk.tif", picture((0, 255, 255, 0), "CMYK"), (255, 0, 0)),
        ("deep.png", picture(40_000, "I;16"), (156, 156, 156)),
        ("deep.tif", picture(40_000, "I;16"), (156, 156, 156)),
        ("clear.png", picture((*RED, 0), "RGBA"), (255, 255, 255)),
        ("half.webp", picture((0, 0, 0, 128), "RGBA"), (127, 127, 127)),
        ("photo.JPEG", picture(RED), RED),
        ("plain.bmp", picture(RED), RED),
        ("plain.ppm", picture(RED), RED),
    ],
)
def test_every_kind_of_image_becomes_rgb(
    name: str, image: Image.Image, colour: tuple[int, ...], tmp_path: Path
) -> None:
    lossless = {"lossless": True} if name.endswith("webp") else {"quality": 100}
    image.save(tmp_path / name, **lossless)
    found = pixels(tmp_path / name, square(8))
    assert found.shape == (8, 8, 3) and found.dtype == np.uint8
    assert np.abs(found.astype(int) - colour).max() <= 2


def test_sixteen_bit_colours_keep_their_upper_bits(tmp_path: Path) -> None:
    levels = np.full((9, 9), 513, np.int32)
    Image.fromarray(levels).save(tmp_path / "wide.tif")
    assert (pixels(tmp_path / "wide.tif", square(8)) == 2).all()
    Image.fromarray(levels * 1000).save(tmp_path / "wider.tif")
    with pytest.raises(Broken, match="has 32-bit pixels"):
        pixels(tmp_path / "wider.tif", square(8))


def test_an_animation_gives_its_first_frame(tmp_path: Path) -> None:
    first, second = picture(RED), picture(BLUE)
    for name in ("film.gif", "film.webp", "film.png"):
        first.save(tmp_path / name, save_all=True, append_images=[second])
        assert np.abs(pixels(tmp_path / name, square(8)).astype(int) - RED).max() < 10


def test_a_photo_is_turned_as_its_camera_noted(tmp_path: Path) -> None:
    image = picture(BLUE, size=(32, 32))
    image.paste(RED, (0, 0, 32, 16))
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by a quarter to the right: the top goes to the right
    image.save(tmp_path / "turned.png", exif=exif)
    found = pixels(tmp_path / "turned.png", square(32))
    assert (found[:, -1] == RED).all() and (found[:, 0] == BLUE).all()


def test_the_shorter_side_is_resized_and_the_centre_kept(tmp_path: Path) -> None:
    image = picture(BLUE, size=(96, 32))
    image.paste(RED, (32, 0, 64, 32))
    image.save(tmp_path / "wide.png")
    assert (pixels(tmp_path / "wide.png", square(32)) == RED).all()


# A folder


def test_broken_files_are_skipped_with_a_sentence_each(tmp_path: Path) -> None:
    root = tree(tmp_path / "photos", each=60)
    broken = spoil(root)
    (root / "rose" / "notes.txt").write_text("mine", "utf-8")
    (root / "rose" / ".DS_Store").touch()
    made, said = said_of(root)
    assert sorted(said) == sorted(f"{name} {what}: skipped" for name, what in broken.items())
    assert (made.skipped, made.others) == (len(broken), 1)
    source = made.source
    assert (source.train_count, source.test_count) == (144, 36)
    assert source.classes == ("fern", "iris", "rose") and source.shape == (3, 32, 32)
    assert own.FULL_NAME.fullmatch(source.name) and source.name.startswith("flowers@")
    arrays = data.read(source.name)
    assert arrays.train_images.shape == (144, 32, 32, 3)
    assert np.bincount(arrays.test_labels).tolist() == [12, 12, 12]
    for label, name in enumerate(source.classes):
        seen = arrays.train_images[arrays.train_labels == label].mean((0, 1, 2))
        assert seen.argmax() == np.argmax(COLOURS[name])


def test_a_new_set_is_in_every_menu_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = list(data.SOURCES)
    name = import_folder(tree(tmp_path / "photos"), "flowers").source.name
    assert list(data.SOURCES) == [*before, name] and len(data.SOURCES) == len(before) + 1
    assert name in data.SOURCES and data.available(name) and data.check(name)
    assert data.called("flowers") == name and data.called("cifar10") == "cifar10"
    cli.main(["data"])
    assert f"{name}  here" in capsys.readouterr().out
    RunSpec.of(data=name, batch=4)
    with pytest.raises(SpecError, match=rf"data must be one of cifar10, .*, {name}, got 'roses'"):
        RunSpec.of(data="roses")


def test_the_list_is_read_again_only_when_the_folder_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_folder(tree(tmp_path / "photos"), "flowers")
    os.utime(data.data_folder(), (1, 1))  # long ago
    names = list(data.SOURCES)
    monkeypatch.setattr(Path, "glob", lambda *_: pytest.fail("the folder is read again"))
    assert list(data.SOURCES) == names


@pytest.mark.parametrize("tests", ["val", "test"])
def test_the_folders_train_and_val_are_the_split(tests: str, tmp_path: Path) -> None:
    tree(tmp_path / "train", each=4)
    tree(tmp_path / tests, each=2, names="rose fern tulip", noise=1)
    made, said = said_of(tmp_path)
    assert said == ["the class tulip has no usable training image: left out"]
    assert (made.source.train_count, made.source.test_count) == (12, 4)
    assert made.source.classes == ("fern", "iris", "rose")
    assert data.read(made.source.name).test_labels.tolist() == [0, 0, 2, 2]


def test_a_folder_train_of_images_is_a_class(tmp_path: Path) -> None:
    assert import_folder(tree(tmp_path, names="train bus"), "traffic").source.classes == (
        "bus",
        "train",
    )


def test_a_folder_train_without_tests_is_split_by_a_share(tmp_path: Path) -> None:
    tree(tmp_path / "train", each=4)
    source = import_folder(tmp_path, "flowers", share=0.5).source
    assert (source.train_count, source.test_count) == (6, 6)


@given(
    st.lists(st.integers(0, 5), min_size=1, max_size=60),
    st.floats(*folders.SHARES),
    st.integers(0, 99),
)
def test_a_share_of_each_class_is_for_testing(labels: list[int], share: float, seed: int) -> None:
    numbers = np.array(labels)
    test = drawn(numbers, share, seed)
    assert np.array_equal(test, drawn(numbers, share, seed))
    for label in np.unique(numbers):
        of_class = test[numbers == label]
        assert of_class.sum() == min(round(share * len(of_class)), len(of_class) - 1)


def test_hundreds_of_classes_keep_their_labels(tmp_path: Path) -> None:
    names = [f"n{number:05}" for number in range(300)]
    tree(tmp_path, each=2, names=" ".join(names))
    source = import_folder(tmp_path, "many", side=8, share=0.5).source
    arrays = data.read(source.name)
    assert source.outputs == 300 and data.check(source.name)
    assert arrays.train_labels.tolist() == arrays.test_labels.tolist() == [*range(300)]


# What is refused


def test_a_name_must_be_valid_and_free(tmp_path: Path) -> None:
    root = tree(tmp_path / "photos")
    for name in ("", "Flowers", "a b", "../x", "1st", "x" * 33, "flowers@1", "größe"):
        with pytest.raises(DataError, match="cannot be a name: it takes 1 to 32 of"):
            import_folder(root, name)
    with pytest.raises(DataError, match="cifar10 is taken by CIFAR-10: choose another name"):
        import_folder(root, "cifar10")
    name = import_folder(root, "flowers").source.name
    assert import_folder(root, "flowers").source.name == name  # the same images
    with pytest.raises(DataError, match=f"flowers is taken by other images, {name}: choose"):
        import_folder(tree(tmp_path / "more", noise=1), "flowers")
    assert import_folder(tree(tmp_path / "more", noise=1), "more").source.name in data.SOURCES


def test_a_folder_without_usable_classes_says_what_is_valid(tmp_path: Path) -> None:
    layout = "give a folder with a subfolder of images for each of two or more classes, or"
    (tmp_path / "file").touch()
    for path, says in {
        tmp_path / "gone": "does not exist",
        tmp_path / "file": "is not a folder",
        tmp_path: "has no two classes",
        tree(tmp_path / "one", names="rose"): "has no two classes",
    }.items():
        with pytest.raises(DataError, match=f"{says}: {layout}"):
            import_folder(path, "flowers")
    for name in ("rose", "fern"):
        (tmp_path / "broken" / name).mkdir(parents=True)
        (tmp_path / "broken" / name / "a.png").touch()
    with pytest.raises(DataError, match=f"has fewer than two classes with .*: {layout}"):
        import_folder(tmp_path / "broken", "flowers")
    with pytest.raises(DataError, match="has no usable test images: add more images"):
        import_folder(tree(tmp_path / "few", each=1), "flowers")
    (tree(tmp_path / "flat" / "train").parent / "val").mkdir()
    with pytest.raises(DataError, match="val has no subfolders: sort its images into those of"):
        import_folder(tmp_path / "flat", "flowers")
    assert not list(data.data_folder().glob("*"))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("--side 4", "the side must be from 8 to 512 pixels, got 4"),
        ("--test-share 1", "the share of tests must be from 0.01 to 0.9, got 1.0"),
        ("--side x", "argument --side: invalid int value: 'x'"),
        ("--seed -1", "the seed must be at least 0, got -1"),
    ],
)
def test_a_wrong_number_is_refused(
    options: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["data", "import", str(tree(tmp_path / "photos")), "--name", "flowers"]
    with pytest.raises(SystemExit):
        cli.main([*words, *options.split()])
    assert capsys.readouterr().err == f"bnviz: {says}\n"


def test_options_of_own_images_need_a_name(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["data", "import", "photos", "--side", "64"])
    assert capsys.readouterr().err == (
        "bnviz: --side, --test-share and --seed are for images of your own: add --name\n"
    )


def test_a_disk_that_is_too_small_is_noticed_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=90_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(
        DataError, match=r"15 images of 32 × 32 pixels need 92 kB .* 90 kB are free"
    ):
        import_folder(tree(tmp_path / "photos"), "flowers")


@pytest.mark.parametrize("place", [folders, data], ids=["before", "after"])
def test_an_interrupted_import_leaves_no_data_set(
    place: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(place, {folders: "described", data: "describe"}[place], interrupt)
    with pytest.raises(SystemExit):
        cli.main(["data", "import", str(tree(tmp_path / "photos")), "--name", "flowers"])
    assert capsys.readouterr().err == "bnviz: stopped; nothing was imported\n"
    assert not any(source.own for source in data.SOURCES.values())
    assert not list(data.data_folder().iterdir())


# The identity of a set, its runs and their bundles


def test_the_name_covers_the_content(tmp_path: Path) -> None:
    root = tree(tmp_path / "photos")
    one = import_folder(root, "flowers").source
    assert import_folder(tree(tmp_path / "again"), "flowers").source == one
    assert import_folder(root, "smaller", side=16).source.name.partition("@")[2] not in one.name
    assert import_folder(root, "others", seed=1).source.name.partition("@")[2] not in one.name
    (root / "iris").rename(root / "lily")
    assert import_folder(root, "lilies").source.name.partition("@")[2] not in one.name


@given(st.data())
def test_facts_survive_their_file_and_any_change_is_noticed(given_data: st.DataObject) -> None:
    word = st.text("abcé ", min_size=1, max_size=5)
    facts = own.Facts(
        name="flowers",
        side=given_data.draw(st.integers(*own.SIDES)),
        classes=tuple(given_data.draw(st.lists(word, min_size=2, max_size=4))),
        train_count=given_data.draw(st.integers(2, 10**6)),
        test_count=given_data.draw(st.integers(1, 10**6)),
        digests=("0" * 64, "1" * 64, "2" * 64, "3" * 64),
    )
    source = facts.source()
    assert own.Facts.of(source) == own.Facts.model_validate_json(facts.model_dump_json()) == facts
    for changed in (
        {"side": facts.side % 512 + 8 - facts.side % 2},
        {"classes": (*facts.classes, "x")},
        {"train_count": facts.train_count + 1},
        {"digests": ("f" * 64, *facts.digests[1:])},
    ):
        if facts.model_copy(update=changed) != facts:
            assert facts.model_copy(update=changed).source().name != source.name


def test_two_sets_of_one_name_never_share_a_run(tmp_path: Path) -> None:
    sources = []
    for noise in range(2):
        os.environ["BNVIZ_CACHE"] = str(tmp_path / f"cache-{noise}")  # own_cache restores it
        root = tree(tmp_path / f"photos-{noise}", noise=noise)
        sources.append(import_folder(root, "flowers").source)
    one, two = sources
    assert one.label.replace(one.name, "") == two.label.replace(two.name, "")
    assert tiny_spec(data=two.name, batch=4).data == two.name
    with pytest.raises(SpecError, match=f"data must be one of .*{two.name}, got '{one.name}'"):
        tiny_spec(data=one.name, batch=4)
    data.describe(one)  # as a bundle does
    assert tiny_spec(data=one.name, batch=4).id != tiny_spec(data=two.name, batch=4).id
    assert data.called("flowers") == two.name  # whose images are here
    (data.data_folder() / f"{two.name}.safetensors").unlink()
    with pytest.raises(DataError, match="flowers is the name of several data sets: choose"):
        data.called("flowers")


def test_a_run_travels_in_a_bundle_without_its_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tree(tmp_path / "photos", each=60)
    spoil(root)
    made, _ = said_of(root)
    run = trained(made)
    path = tmp_path / "bundle.zip"
    path.write_bytes(bundle([run], {}, [], "Flowers"))
    monkeypatch.setenv("BNVIZ_CACHE", str(tmp_path / "elsewhere"))
    name = made.source.name
    assert name not in data.SOURCES
    (there,) = unpack(path, Store())
    assert there.state == "done" and there.rows().equals(run.rows())
    assert name in data.SOURCES and not data.available(name)
    folder = data.data_folder()
    with pytest.raises(DataError) as missing:
        data.require(name)
    assert str(missing.value) == (
        f"{made.source.label} is not in {folder}: import its folder with "
        "`python -m bnviz data import FOLDER --name flowers`"
    )
    assert import_folder(root, "flowers").source.name == name
    assert trained(made, seed=1).id != there.id


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"side": 16}, "its spec.json describes other data than 'flowers@"),
        ({"side": 1}, "its spec.json does not describe its data as bnviz does"),
        ({"classes": ["a", "b\n"]}, "its spec.json does not describe its data as bnviz does"),
        (None, "its spec.json does not describe its data as bnviz does"),
    ],
)
def test_a_bundle_cannot_pass_off_other_data(
    change: Any, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bnviz.runs.bundle import zipped
    from bnviz.runs.bundle_run import files_of

    run = trained(import_folder(tree(tmp_path / "photos"), "flowers"))
    files = {f"runs/{run.id}/{name}": content for name, content in files_of(run).items()}
    told = json.loads(files[f"runs/{run.id}/spec.json"])
    told["data"] = change and told["data"] | change
    files[f"runs/{run.id}/spec.json"] = json.dumps(told)
    path = tmp_path / "bundle.zip"
    path.write_bytes(
        zipped({name: c.encode() if isinstance(c, str) else c for name, c in files.items()})
    )
    monkeypatch.setenv("BNVIZ_CACHE", str(tmp_path / "elsewhere"))
    with pytest.raises(BundleError, match=says):
        unpack(path, Store())
    assert not (tmp_path / "elsewhere").exists()


def test_damaged_facts_are_no_data_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = import_folder(tree(tmp_path / "photos"), "flowers").source.name
    facts = own.facts_file(name)
    text = facts.read_text("utf-8")
    for changed in ("", "{}", text.replace("rose", "tulip")):
        facts.write_text(changed, "utf-8")
        monkeypatch.setattr(own, "_met", {})
        assert name not in data.SOURCES
        with pytest.raises(DataError, match=f"'{name}' is not a data set: choose cifar10"):
            data.read(name)


def test_the_command_imports_a_folder_and_trains_on_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tree(tmp_path / "photos")
    (root / "rose" / "empty.png").touch()
    cli.main(["data", "import", str(root), "--name", "flowers"])
    said = capsys.readouterr()
    assert said.err == "bnviz: rose/empty.png is empty: skipped\n"
    name = data.called("flowers")
    assert said.out.splitlines() == [
        f"Imported {name} (12 + 3 images of 3 classes).",
        "Files left out: 1 broken, 0 that are no images.",
        "Train on it: python -m bnviz run --data flowers",
    ]
    words = "run --data flowers --model lenet --width 0.25 --batch 4 --steps 2 --probe evaluation=0"
    cli.main(words.split())
    (run,) = Store().runs()
    assert run.state == "done" and run.spec.data == name


# Pages


@pytest.mark.usefixtures("no_supervisor")
def test_pages_offer_a_set_and_say_how_to_get_its_images_back(tmp_path: Path) -> None:
    source = import_folder(tree(tmp_path / "photos"), "flowers").source
    settings = {"preset": "quick", "data": source.name, "batch": "4"}
    opened = drawer(page("paper/training", **settings))
    assert not opened.exception and not opened.warning
    assert source.label in opened.selectbox(key="data").options
    (data.data_folder() / f"{source.name}.safetensors").unlink()
    opened = drawer(page("paper/training", **settings))
    assert not opened.exception
    assert f"{source.label} – not here yet" in opened.selectbox(key="data").options
    (warning,) = opened.warning
    assert "`python -m bnviz data import FOLDER --name flowers`" in warning.value
    assert not [button for button in opened.button if str(button.key).startswith("download-")]


@pytest.mark.usefixtures("no_supervisor")
def test_a_link_to_a_set_that_is_not_here_names_the_sets() -> None:
    opened = page("paper/training", data="flowers@0123456789ab")
    (warning,) = opened.warning
    assert "data must be one of cifar10, cifar10-sample" in warning.value
