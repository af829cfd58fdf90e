"""A real browser without a window, for pages; tests skip where there is none."""

import base64
import io
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# A container has no sandbox and little shared memory; WebGL is drawn by the processor.
FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--enable-unsafe-swiftshader"]


def executable() -> str:
    """Return where Chromium is, or skip the test."""
    pytest.importorskip("playwright")
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip("there is no Chromium here")
    return found


class Tab:
    """One page, with all that it complained about and asked for."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.requests: list[str] = []
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))

    def _heard(self, message: Any) -> None:
        if message.type in ("error", "warning") and "GPU stall" not in message.text:
            self.complaints.append(message.text)

    def open(self, path: Path, query: str = "") -> None:
        """Open a page from the disk and wait for its picture."""
        self.page.goto(path.as_uri() + query)
        self.page.wait_for_selector("body[data-ready]")

    def set(self, control: str, value: float) -> None:
        """Move a slider as a person does, and wait until that is drawn."""
        self.page.locator(f"#{control}").evaluate(
            "(e, v) => { e.value = v; e.dispatchEvent(new Event('input', {bubbles: true})); }",
            value,
        )
        self.settle()

    def settle(self) -> None:
        """Wait for the next frames."""
        self.page.evaluate(
            "() => new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))"
        )

    def pixels(self) -> NDArray[np.int16]:
        """Return what is drawn, (H, W, 3)."""
        url = self.page.evaluate("() => document.getElementById('picture').toDataURL('image/png')")
        return image_pixels(base64.b64decode(url.partition(",")[2]))


def image_pixels(data: bytes) -> NDArray[np.int16]:
    """Return the pixels of an image file, (H, W, 3)."""
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), np.int16)


@contextmanager
def chromium() -> Iterator[Callable[..., Tab]]:
    """Start Chromium; what it yields opens a tab: `tab(width, height, color_scheme="dark")`."""
    path = executable()
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - may be missing

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=FLAGS)

        def tab(width: int = 1200, height: int = 800, **context: Any) -> Tab:
            return Tab(browser.new_page(viewport={"width": width, "height": height}, **context))

        yield tab
        browser.close()
