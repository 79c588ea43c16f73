"""The page on testbeds says what is there: its file can be pasted, no key is left out."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from benchharness.plan.testbed_file import load_testbed
from benchharness.testbed.records import USUAL_SHARE, Device, PlugSettings, PowerMode

PAGE = (Path(__file__).parents[2] / "docs" / "testbeds.md").read_text(encoding="utf-8")


def test_its_file_can_be_pasted_and_shows_the_defaults(tmp_path: Path) -> None:
    (snippet,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    path = tmp_path / "pasted.toml"
    path.write_text(snippet, encoding="utf-8")
    testbed = load_testbed(path)
    assert [device.name for device in testbed.devices] == ["nano", "pi4-1", "pi4-2"]
    assert [mode.name for mode in testbed.devices[0].modes] == ["5W"]
    assert (testbed.plugs, testbed.share) == (PlugSettings(), USUAL_SHARE)


def test_every_key_is_explained() -> None:
    for kind in (Device, PlugSettings, PowerMode):
        for each in fields(kind):
            if each.name == "modes":
                assert "[device.mode.5W]" in PAGE
                continue
            assert re.search(rf"(^|[#`])\s*{each.name} =", PAGE, re.MULTILINE), each.name
