"""`view --browser` in a real Chromium: what it draws is what the decoder gives."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from browser.chromium import Tab, chromium, image_pixels
from conftest import MakePhoto
from images.test_images import tone_profile
from numpy.typing import NDArray
from PIL import Image

import rdpcodec
from rdpcodec import cli
from rdpcodec.decoder.received import Received
from rdpcodec.images import Picture, for_screen, png_bytes

WIDTH, HEIGHT = 128, 96


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, photo: MakePhoto) -> Path:
    """Return a folder with a picture, its file and its page."""
    found = tmp_path_factory.mktemp("page")
    pixels = photo(WIDTH, HEIGHT)
    pixels[:20, :20], pixels[30:, 40:] = 255, 0  # ends overshoot white and black
    Image.fromarray(pixels).save(found / "in.png")
    data = rdpcodec.encode(pixels, prior="gaussian-1", bpp=1.5)
    (found / "<b>&.rdp").write_bytes(data)
    names = ["<b>&.rdp", "--browser", "-o", "page.html", "--original", "in.png", "-q"]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(found)
        assert cli.main(["view", *names]) == 0
    return found


@pytest.fixture(scope="module")
def new_tab() -> Iterator[Callable[..., Tab]]:
    """Return what opens tabs of Chromium."""
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def tab(new_tab: Callable[..., Tab]) -> Tab:
    """Return a tab that most tests share."""
    return new_tab()


@pytest.fixture(scope="module")
def received(folder: Path) -> Received:
    """Return the decoded file."""
    return rdpcodec.open(folder / "<b>&.rdp")


@pytest.fixture(params=["", "?blend=host"], ids=["graphics", "host"])
def opened(request: pytest.FixtureRequest, folder: Path, tab: Tab) -> Tab:
    """Return the tab with the page, blended in either way."""
    tab.complaints.clear()
    tab.requests.clear()
    tab.open(folder / "page.html", request.param)
    return tab


def apart(tab: Tab, expected: NDArray[np.uint8]) -> int:
    """Return the largest difference between what is drawn and a picture."""
    return int(np.abs(tab.pixels() - expected.astype(np.int16)).max())


def test_each_rho_is_that_of_the_decoder(opened: Tab, received: Received) -> None:
    """Within 1 of 255, black and white included; nothing is complained about or asked for."""
    assert apart(opened, received.at(0.5).pixels) <= 1
    for rho in (0.0, 0.07, 0.31, 0.78, 1.0):
        opened.set("rho", rho)
        assert apart(opened, received.at(rho).pixels) <= 1
    assert np.abs(received.at(0).pixels.astype(int) - received.at(1).pixels).max() > 4
    assert opened.complaints == []
    assert len(opened.requests) == 1


def test_layers(opened: Tab, received: Received) -> None:
    """The second slider shows coarser pictures, with any rho."""
    stops = json.loads(opened.page.locator("#data").text_content())["stops"]
    assert [stop["layers"] for stop in stops] == sorted({stop["layers"] for stop in stops})
    assert len(stops) >= 2
    opened.set("rho", 0.4)
    for index, stop in enumerate(stops):
        opened.set("layer", index)
        opened.page.wait_for_selector(f"body[data-ready='{index + 1}']")
        assert apart(opened, received.layers(stop["layers"]).at(0.4).pixels) <= 1


def test_brush(opened: Tab, received: Received) -> None:
    """What is painted is drawn, and the map that is saved is one for --rho-map."""
    opened.set("rho", 0.2)
    opened.page.keyboard.press("b")
    opened.set("radius", 9)
    box = opened.page.locator("#picture").bounding_box()
    opened.page.mouse.move(box["x"] + box["width"] / 4, box["y"] + box["height"] / 2)
    opened.page.mouse.down()
    opened.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=4)
    opened.page.mouse.up()
    opened.settle()
    with opened.page.expect_download() as download:
        opened.page.locator("#map").click()
    data = Path(download.value.path()).read_bytes()
    found = image_pixels(data)[:, :, 0].astype(np.uint8)
    assert set(np.unique(found)) == {51, 255}
    row, column = HEIGHT // 2, WIDTH * 3 // 8
    assert found[row, column] == 255
    assert 0.05 < (found == 255).mean() < 0.09
    assert apart(opened, received.at(found).pixels) <= 1
    opened.page.locator("#clear").click()
    opened.settle()
    assert apart(opened, received.at(0.2).pixels) <= 1
    opened.page.keyboard.press("b")


def test_saved_picture(opened: Tab, received: Received) -> None:
    """The picture that is saved is the one that is shown."""
    opened.set("rho", 0.9)
    with opened.page.expect_download() as download:
        opened.page.locator("#save").click()
    found = image_pixels(Path(download.value.path()).read_bytes())
    assert np.abs(found - received.at(0.9).pixels.astype(np.int16)).max() <= 1


def test_keys(opened: Tab) -> None:
    """Keys move rho, the picture and its size, and show the original."""
    opened.set("rho", 0.5)
    opened.page.locator("#picture").focus()
    opened.page.keyboard.press("]")
    assert opened.page.locator("#rho-value").text_content() == "0.55"
    style = "() => document.getElementById('picture').style.transform"
    before = opened.page.evaluate(style)
    opened.page.keyboard.press("+")
    larger = opened.page.evaluate(style)
    opened.page.keyboard.press("ArrowLeft")
    assert len({before, larger, opened.page.evaluate(style)}) == 3
    opened.page.keyboard.press("0")
    assert opened.page.evaluate(style) == before
    shown = opened.page.locator("#beside").is_visible()
    opened.page.keyboard.press("o")
    assert opened.page.locator("#beside").is_visible() != shown
    opened.page.keyboard.press("o")


def test_names(opened: Tab) -> None:
    """All that can be used has a name for those who do not see it; the file's name is text."""
    nameless = opened.page.evaluate(
        """() => [...document.querySelectorAll('button, input, summary, canvas, img')].filter(e =>
        !(e.ariaLabel || e.alt || e.labels?.length || e.textContent.trim())).map(e => e.id)"""
    )
    assert nameless == []
    assert opened.page.title() == "<b>&.rdp"
    assert opened.page.locator("table th").first.text_content() == "format"


def test_small_screens(folder: Path, new_tab: Callable[..., Tab]) -> None:
    """Nothing is wider than the screen of a telephone, in the dark too."""
    tab = new_tab(360, 640, color_scheme="dark")
    tab.open(folder / "page.html")
    assert tab.page.evaluate("() => document.documentElement.scrollWidth") <= 360
    dark = tab.page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    assert max(map(int, dark[4:-1].split(","))) < 64
    assert tab.page.locator("#picture").bounding_box()["width"] > 200


def test_size(folder: Path, received: Received) -> None:
    """A page has at most three times the bytes of two PNGs, the original left aside."""
    page = (folder / "page.html").read_text(encoding="utf-8")
    data = json.loads(page.split('id="data">')[1].split("</script>")[0])
    pngs = sum(len(png_bytes(received.at(rho))) for rho in (0, 1))
    without_original = len(page) - len(data["original"])
    assert without_original <= 3 * pngs


def test_profile(tmp_path: Path, tab: Tab, photo: MakePhoto) -> None:
    """Pixels with a profile of their own are brought to sRGB, and the page says so."""
    picture = Picture(photo(32, 24), tone_profile(b"RGB ", 1.0))
    (tmp_path / "wide.rdp").write_bytes(rdpcodec.encode(picture, prior="gaussian-1", bpp=3))
    out = tmp_path / "wide.html"
    assert cli.main(["view", str(tmp_path / "wide.rdp"), "--browser", "-o", str(out), "-q"]) == 0
    tab.open(out)
    assert tab.page.locator("#profile").is_visible()
    received = rdpcodec.open(tmp_path / "wide.rdp")
    for rho in (0, 1):
        tab.set("rho", rho)
        shown = received.at(rho)
        assert apart(tab, for_screen(shown, shown.width)) <= 1
        assert apart(tab, shown.pixels) > 8


def test_alpha(tmp_path: Path, tab: Tab, photo: MakePhoto) -> None:
    """Transparent parts show squares, and the page says so."""
    alpha = np.full((48, 64), 255, np.uint8)
    alpha[:, :32] = 0
    picture = Picture(photo(64, 48), alpha=alpha)
    (tmp_path / "a.rdp").write_bytes(rdpcodec.encode(picture, prior="gaussian-1", bpp=3))
    out = tmp_path / "a.html"
    assert cli.main(["view", str(tmp_path / "a.rdp"), "--browser", "-o", str(out), "-q"]) == 0
    tab.complaints.clear()
    tab.open(out)
    assert tab.page.locator("#transparent").is_visible()
    box = tab.page.locator("#picture").bounding_box()
    shot = image_pixels(tab.page.screenshot(clip=box))
    left, right = shot[:, : shot.shape[1] // 2 - 2], shot[:, shot.shape[1] // 2 + 2 :]
    assert len(np.unique(left.reshape(-1, 3), axis=0)) <= 2
    assert len(np.unique(right.reshape(-1, 3), axis=0)) > 100
    assert tab.complaints == []
