"""Markdown as GitHub renders it, by GitHub's own library, and what is left in it for GitHub to act on."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import cmarkgfm
from cmarkgfm.cmark import Options

_VOID = ("br", "hr", "img", "input")
# What GitHub looks for in text outside of code: names, addresses, references, commits, emoji, formulas.
ACTED_ON = re.compile(
    r"@|#\d|GH-\d|https?:|ftp:|www\.|mailto:|xmpp:|\b[0-9a-f]{7,40}\b|:\w+:|\$|CVE-|GHSA-|\[\^", re.IGNORECASE
)
HOSTILE = (
    "@octocat",
    "@everyone",
    "#123",
    "owner/repo#1",
    "GH-1",
    "octo@cat.org",
    "octo&#64;cat.org",
    "https://evil.example",
    "<https://evil.example>",
    "www.evil.example",
    "ftp://evil.example",
    "[a](https://evil.example)",
    "![a](https://evil.example/a.png)",
    "[a]: https://evil.example",
    "<img src=x onerror=alert(1)>",
    "</code></pre></details><script>alert(1)</script>",
    "<!--",
    "-->",
    "<![CDATA[",
    "a581feb0123",
    "*a* _b_ ~~c~~ **d**",
    "# heading",
    "> [!CAUTION]",
    "- [ ] a",
    "| a | b |\n|---|---|",
    "\\|",
    "a|b",
    "`",
    "``",
    "```\n@octocat\n```",
    "~~~",
    "`" * 100,
    "`" * 9,
    "\\",
    "\r\n",
    "\n\n",
    "\t",
    " ",
    "\x00\x1b[31m",
    "\u202eabc",
    "\u200b",
    "\u2028",
    "\ud800",
    ":tada:",
    "$x$",
    "$`x`$",
    "CVE-2024-12345",
    "[^1]",
    "&lt;b&gt;",
    "::error::no",
)


def to_html(markdown: str) -> str:
    """What the reader's browser gets, before GitHub's own filters."""
    made: str = cmarkgfm.github_flavored_markdown_to_html(
        markdown, Options.CMARK_OPT_UNSAFE | Options.CMARK_OPT_FOOTNOTES
    )
    return made


class Seen(HTMLParser):
    """The elements of a page, its text outside of code, and its text within."""

    def __init__(self, markdown: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.code: list[str] = []
        self.comments: list[str] = []
        self._open: list[str] = []
        self.feed(to_html(markdown))
        self.close()
        assert not self._open, f"left open: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins."""
        self.elements.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]
        if tag not in _VOID:
            self._open.append(tag)
        if tag == "code":
            self.code.append("")

    def handle_endtag(self, tag: str) -> None:
        """An element ends; it is the one that began last."""
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Text."""
        if "code" in self._open:
            self.code[-1] += data
        else:
            self.text += data

    def handle_comment(self, data: str) -> None:
        """A comment."""
        self.comments.append(data.strip())

    @property
    def acted_on(self) -> list[str]:
        """What GitHub would make more of than text."""
        return ACTED_ON.findall(self.text)
