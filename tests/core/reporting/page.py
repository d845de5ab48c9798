"""A report as its reader finds it, without a browser."""

from html.parser import HTMLParser


class Page(HTMLParser):
    """What a document says: its tables as rows of texts, its tags, and its text outside of scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._silent = self._in_cell = False
        self.feed(text)
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.text += " "
        self._silent = tag in ("script", "style")
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
            self._in_cell = True
        elif tag in ("h2", "h3"):
            self.text += " # "

    def handle_endtag(self, tag: str) -> None:
        self._silent = False
        self.text += " "
        if tag in ("td", "th"):
            self._in_cell = False

    def handle_data(self, data: str) -> None:
        if self._silent:
            return
        self.text += data
        if self._in_cell:
            self.tables[-1][-1][-1] += data

    def table(self, first: str, *others: str) -> list[list[str]]:
        """Return the rows below the header of the table that begins with these columns."""
        for table in self.tables:
            for at, header in enumerate(table):
                if header[: 1 + len(others)] == [first, *others]:
                    return table[at + 1 :]
        raise AssertionError(f"no table with {first}, {others}")
