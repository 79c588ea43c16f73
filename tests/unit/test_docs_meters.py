"""The pages on meters and energy say what is there: drivers, keys, instrument files, terms."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchharness.energy import budget
from benchharness.meters.instrument import known_drivers, load_meter, read_instrument
from benchharness.meters.options import DESCRIPTIVE_KEYS

DOCS = Path(__file__).parents[2] / "docs"
METERS = (DOCS / "meters.md").read_text(encoding="utf-8")
ENERGY = (DOCS / "energy.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"```toml\n(.*?)```", METERS, re.DOTALL)


def test_every_driver_has_a_row() -> None:
    rows = set(re.findall(r"^\| `([a-z0-9-]+)` \|", METERS, re.MULTILINE))
    assert set(known_drivers()) <= rows


def test_every_shared_key_is_explained() -> None:
    source = Path(budget.__file__).parents[1] / "meters" / "common.py"
    text = source.read_text(encoding="utf-8")
    keys = re.findall(r'(?:keys\.number|_above_zero)\((?:keys, )?"(\w+)"', text)
    assert len(keys) > 8
    for key in (*keys, *DESCRIPTIVE_KEYS):
        assert f"`{key}`" in METERS, key


@pytest.mark.parametrize("place", range(len(SNIPPETS)))
def test_every_instrument_file_can_be_pasted(tmp_path: Path, place: int) -> None:
    path = tmp_path / "pasted.toml"
    path.write_text(SNIPPETS[place], encoding="utf-8")
    (tmp_path / "readings.csv").write_text("t_s,power_w\n0,1\n", encoding="utf-8")
    instrument = read_instrument(path)
    assert load_meter(instrument).instrument.driver == instrument.driver


def test_every_term_of_the_budget_is_in_the_table() -> None:
    names = [value for name, value in vars(budget).items() if name.isupper()]
    terms = [name for name in names if isinstance(name, str)]
    rows = " ".join(re.findall(r"^\| (.*?) \|", ENERGY, re.MULTILINE))
    for term in terms:
        assert term.strip() in rows, term
