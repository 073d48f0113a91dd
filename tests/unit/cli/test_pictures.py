"""Pictures are files, one sheet or three."""

from pathlib import Path
from random import Random  # noqa: TID251 - seeded

from strikewire.cli.pictures import Picture, write_pictures
from strikewire.pricing import Surface, fit_surface
from strikewire.testing.pricing import noisy_chain


def picture(expiries: int) -> Picture:
    years = [0.05 * number for number in range(1, expiries + 1)]
    chain = noisy_chain(Surface(), years, Random(1).random, quotes=9)
    return Picture("BTC", fit_surface(chain), chain, [f"{number}JAN27" for number in years])


def is_drawn(path: Path) -> bool:
    content = path.read_bytes()
    return content.startswith(b"\x89PNG") and len(content) > 10_000


def test_a_path_that_ends_in_png_is_one_sheet(tmp_path: Path) -> None:
    written = write_pictures(picture(5), tmp_path / "new" / "sheet.PNG")

    assert written == [tmp_path / "new" / "sheet.PNG"]
    assert is_drawn(written[0])


def test_any_other_path_is_a_folder_of_three(tmp_path: Path) -> None:
    written = write_pictures(picture(1), tmp_path / "drawn")

    assert [path.name for path in written] == ["smiles.png", "surface.png", "term.png"]
    assert all(is_drawn(path) for path in written)
