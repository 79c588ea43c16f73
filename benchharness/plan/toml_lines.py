"""Where each key of a TOML document stands: tomllib gives values without their lines.

The text is known to be valid (tomllib has read it), so this scanner only has to follow keys,
strings, brackets and comments, not to judge them.
"""

from __future__ import annotations

KeyPath = tuple[str | int, ...]

_BARE_END = frozenset(" \t.=]\r\n")


def key_lines(text: str) -> dict[KeyPath, int]:
    """Return the line (from 1) of every key, table header and list item of a valid document.

    A path holds keys and, for items of lists and of arrays of tables, indexes from 0.
    """
    scanner = _Scanner(text)
    scanner.document()
    return scanner.lines


class _Scanner:
    """One pass over the text; ``at`` is the position, ``lines`` the answer."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[KeyPath, int] = {}
        self._array_sizes: dict[KeyPath, int] = {}
        self._line = 1
        self._counted_to = 0

    def document(self) -> None:
        """Follow headers and assignments to the end of the text."""
        prefix: KeyPath = ()
        while self._skip_blank():
            if self.text.startswith("[[", self.at):
                self.at += 2
                prefix = self._array_header()
            elif self.text[self.at] == "[":
                self.at += 1
                prefix = self._header()
            else:
                self._assignment(prefix)

    def _header(self) -> KeyPath:
        line = self._line_here()
        path = self._inside_arrays(self._key())
        self._note(path, line)
        self.at += 1
        return path

    def _array_header(self) -> KeyPath:
        line = self._line_here()
        keys = self._key()
        array = (*self._inside_arrays(keys[:-1]), keys[-1])
        index = self._array_sizes.get(array, 0)
        self._array_sizes[array] = index + 1
        self._note(array, line)
        item = (*array, index)
        self.lines[item] = line
        self.at += 2
        return item

    def _note(self, path: KeyPath, line: int) -> None:
        """Note where a path, and each table that it implies, is first named."""
        for end in range(1, len(path) + 1):
            self.lines.setdefault(path[:end], line)

    def _inside_arrays(self, keys: tuple[str, ...]) -> KeyPath:
        """Resolve ``[a.b]`` where ``a`` is an array of tables: its newest item is meant."""
        path: KeyPath = ()
        for key in keys:
            path = (*path, key)
            if path in self._array_sizes:
                path = (*path, self._array_sizes[path] - 1)
        return path

    def _assignment(self, prefix: KeyPath) -> None:
        line = self._line_here()
        path = prefix
        for key in self._key():
            path = (*path, key)
            self.lines.setdefault(path, line)
        self.at += 1  # the equals sign
        self._skip_blank()
        self._value(path)

    def _value(self, path: KeyPath) -> None:
        first = self.text[self.at]
        if first in "\"'":
            self._string()
        elif first == "[":
            self._list(path)
        elif first == "{":
            self._inline_table(path)
        else:
            while self.at < len(self.text) and self.text[self.at] not in ",]}#\n":
                self.at += 1

    def _list(self, path: KeyPath) -> None:
        self.at += 1
        index = 0
        while self._skip_blank() and self.text[self.at] != "]":
            if self.text[self.at] == ",":
                self.at += 1
                continue
            item = (*path, index)
            self.lines[item] = self._line_here()
            self._value(item)
            index += 1
        self.at += 1

    def _inline_table(self, path: KeyPath) -> None:
        self.at += 1
        while self._skip_blank() and self.text[self.at] != "}":
            if self.text[self.at] == ",":
                self.at += 1
                continue
            self._assignment(path)
        self.at += 1

    def _key(self) -> tuple[str, ...]:
        keys: list[str] = []
        while True:
            self._skip_spaces()
            start = self.at
            if self.text[self.at] in "\"'":
                self._string()
                keys.append(self.text[start + 1 : self.at - 1])
            else:
                while self.text[self.at] not in _BARE_END:
                    self.at += 1
                keys.append(self.text[start : self.at])
            self._skip_spaces()
            if self.text[self.at] != ".":
                return tuple(keys)
            self.at += 1

    def _string(self) -> None:
        quote = self.text[self.at]
        fence = quote * 3 if self.text.startswith(quote * 3, self.at) else quote
        self.at += len(fence)
        while not self.text.startswith(fence, self.at):
            escaped = quote == '"' and self.text[self.at] == "\\"
            self.at += 2 if escaped else 1
        self.at += len(fence)
        if len(fence) == 3:  # up to two quotes may stand before the closing three
            while self.text.startswith(quote, self.at):
                self.at += 1

    def _skip_spaces(self) -> None:
        while self.text[self.at] in " \t":
            self.at += 1

    def _skip_blank(self) -> bool:
        """Skip white space and comments; return whether anything is left."""
        while self.at < len(self.text):
            if self.text[self.at] == "#":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            elif self.text[self.at].isspace():
                self.at += 1
            else:
                return True
        return False

    def _line_here(self) -> int:
        """Return the line of the position; positions only grow, so count from the last one."""
        self._line += self.text.count("\n", self._counted_to, self.at)
        self._counted_to = self.at
        return self._line
