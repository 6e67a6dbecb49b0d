"""What a person does on the page."""

from pathlib import Path

from playwright.async_api import FilePayload, Page, expect

from tests.e2e.images import small_photograph


def files(count: int, *, name: str = "photo-{}.jpg") -> list[FilePayload]:
    """Photographs to choose; `{}` in the name is the number of each."""
    return [jpeg_file(name.format(number), small_photograph(number)) for number in range(count)]


def jpeg_file(name: str, data: bytes) -> FilePayload:
    """A file that calls itself a JPEG."""
    return {"name": name, "mimeType": "image/jpeg", "buffer": data}


def saved(chosen: list[FilePayload], folder: Path) -> list[Path]:
    """The same as files in a folder: large ones come to the browser faster so."""
    paths = [folder / one["name"] for one in chosen]
    for path, one in zip(paths, chosen, strict=True):
        path.write_bytes(one["buffer"])
    return paths


async def choose_and_upload(page: Page, chosen: list[FilePayload] | list[Path]) -> None:
    """Choose the files, and press the button once the page shows them.

    By the keyboard: the button moves as the page makes room for the list, and a click is none if the button
    is let go where it is no more.
    """
    rows = page.locator("#job-list > [data-status]")
    before = await rows.count()
    await page.set_input_files("#file-input", chosen)
    await expect(rows).not_to_have_count(before)
    await page.press("#upload-button", "Enter")


async def upload_by_form(page: Page, chosen: list[FilePayload]) -> None:
    """The same where there is no JavaScript, and so nothing is shown of what is chosen."""
    await page.set_input_files("#file-input", chosen)
    await page.click("#upload-button")
