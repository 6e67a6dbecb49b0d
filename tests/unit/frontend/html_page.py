"""A page, looked at as a browser and its guards do."""

from html.parser import HTMLParser

Attributes = dict[str, str | None]


class Page(HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, Attributes]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str, **attributes: str) -> list[Attributes]:
        """The elements of this name that have these attributes; `_` stands for `-` and `class_` for class."""
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        return [found for name, found in self.elements if name == tag and wanted.items() <= found.items()]

    def inline_code(self) -> list[str]:
        """Scripts and styles that are written into the page itself, which its policy forbids."""
        found = [
            tag for tag, attrs in self.elements if tag == "style" or (tag == "script" and "src" not in attrs)
        ]
        for tag, attrs in self.elements:
            found += [f"{tag} {name}" for name in attrs if name == "style" or name.startswith("on")]
            found += [
                f"{tag} {name}" for name, value in attrs.items() if (value or "").startswith("javascript:")
            ]
        return found
