"""The page on links says what is there: its file and its variable can be read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

from benchharness.links.setting import LINK_VARIABLE, LinkSetting
from benchharness.links.wanted import Shaping
from benchharness.plan.link_file import find_links, link_files, load_link
from benchharness.plan.manifest_programs import LINK_KEYS

PAGE = (Path(__file__).parents[2] / "docs" / "links.md").read_text(encoding="utf-8")


def test_its_file_can_be_pasted(tmp_path: Path) -> None:
    manifest, snippet = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    path = tmp_path / "pasted.toml"
    path.write_text(snippet, encoding="utf-8")
    assert load_link(path).rates_at(65.0) == (1e6, 2e6)
    assert all(f"{key} = " in manifest for key in LINK_KEYS)
    assert all(word in manifest for word in get_args(Shaping))


def test_its_specifications_are_links_and_all_that_are_shipped_are_named() -> None:
    for text in ("none", "unlimited", "constant:20/5", "constant:20;steps;unlimited"):
        assert f"`{text}`" in PAGE
        find_links(text)
    assert set(link_files()) >= {"constant-20", "steps", "lte-drive"}
    for name in ("constant-20", "steps", "lte-drive"):
        assert f"`{name}`" in PAGE


def test_its_variable_can_be_read() -> None:
    assert LINK_VARIABLE in PAGE
    (text,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    told = LinkSetting.from_text(text)
    assert told.shaping == "program"
    assert told.trace is not None
    assert told.trace.is_constant
