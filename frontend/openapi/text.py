"""How texts and examples of the document are shown in HTML."""

import json

from markdown_it import MarkdownIt
from markupsafe import Markup

_MARKDOWN = MarkdownIt("commonmark", {"html": False})


def paragraphs(text: str) -> Markup:
    """CommonMark as HTML. HTML in it is shown as text."""
    return Markup(_MARKDOWN.render(text))  # noqa: S704  # the renderer has escaped it


def words(text: str) -> Markup:
    """CommonMark as HTML without a paragraph around it."""
    return Markup(_MARKDOWN.renderInline(text))  # noqa: S704  # the renderer has escaped it


def indented(value: object) -> str:
    """The JSON of an example, for people."""
    return json.dumps(value, indent=2, ensure_ascii=False)


FILTERS = {"paragraphs": paragraphs, "words": words, "indented": indented}
