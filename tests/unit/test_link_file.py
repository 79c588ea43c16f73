"""Links by name, file and figures; every complaint is one line with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchharness.errors import UnknownNameError, UsageError
from benchharness.links.records import constant
from benchharness.plan.link_file import find_link, find_links, link_files, load_link

RATE = "[[rate]]\nt_s = {0}\nup_bit_s = {1}\ndown_bit_s = {2}\n"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "mine.toml"


def test_the_shipped_links_can_be_named() -> None:
    assert {"constant-20", "steps", "lte-drive"} <= set(link_files())
    for name in link_files():
        trace = find_link(name)
        assert trace.title
        assert trace.source
    recorded = find_link("lte-drive")
    assert (len(recorded.t_s), recorded.repeat_s) == (60, 60.0)
    assert recorded.rates_at(19.5) == (12.2e6, 7.0e6)
    assert "NSDI 2013" in recorded.source
    assert find_link("steps").rates_at(90.0) == (5e6, 5e6)  # it repeats


def test_a_specification_names_links_in_turn() -> None:
    assert find_links("none") is None
    assert find_links("unlimited") == (None,)
    assert find_links("constant:20") == (constant(20e6, 20e6),)
    assert find_links("constant:20/0.5 ; unlimited") == (constant(20e6, 0.5e6), None)
    assert constant(20e6, 0.5e6).title == "20 Mbit/s up, 0.5 down"


@pytest.mark.parametrize(
    "word",
    [
        *("constant:0", "constant:-1", "constant:nan", "constant:inf", "constant:", "constant:x"),
        *("constant:20/", "constant:20/0", "constant:/5", "constant:1/2/3", "constant:0.0001"),
    ],
)
def test_bare_rates_that_are_none_are_refused(word: str) -> None:
    with pytest.raises(UsageError, match=r"^here: .*; write constant:UP or constant:UP/DOWN"):
        find_links(word, "here")


def test_unknown_names_and_mixtures_are_refused(file: Path) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'steps'"):
        find_links("step", "here")
    with pytest.raises(UsageError, match="write unlimited"):
        find_links("none;steps")
    with pytest.raises(UsageError, match="no such link file"):
        find_links("gone.toml")
    with pytest.raises(UnknownNameError):
        find_links("")


def test_a_users_own_link_hides_a_shipped_one(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(file.parent))
    own = file.parent / "benchharness" / "links"
    own.mkdir(parents=True)
    (own / "steps.toml").write_text('title = "mine"\n' + RATE.format(0, 1e6, 2e6))
    assert find_link("steps").title == "mine"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('title = "x"', "mine.toml:1: a link has either"),
        ("rate = []", "mine.toml:1: rate: a link has at least one rate"),
        (RATE.format(0, 0, 1e6), "mine.toml:3: rate[0].up_bit_s: a link's rate is above 0"),
        (RATE.format(0, 1e6, -5), "mine.toml:4: rate[0].down_bit_s: a link's rate is above 0"),
        (RATE.format(0, "nan", 1e6), "mine.toml:3: rate[0].up_bit_s: expected a finite"),
        (RATE.format(0, 1e6, 10**400), "mine.toml:4: rate[0].down_bit_s: expected a number that"),
        (RATE.format(0, 20, 20), "20 Mbit/s is 20e6"),
        (RATE.format(5, 1e6, 1e6), "mine.toml:2: rate[0].t_s: the first time is 0"),
        (RATE.format(0, 1e6, 1e6) * 2, "mine.toml:6: rate[1].t_s: times rise, got 0 s after 0 s"),
        ("[[rate]]\nt_s = 0\nup_bit_s = 1e6", "mine.toml:1: rate[0].down_bit_s: is missing"),
        ("repeat_s = 0\n" + RATE.format(0, 1e6, 1e6), "repeat_s: expected more than 0"),
        (
            "repeat_s = 5\n" + RATE.format(0, 1e6, 1e6) + RATE.format(5, 1e6, 1e6),
            "mine.toml:1: repeat_s: repeat_s is above the last time, 5 s, got 5 s",
        ),
        ('file = "x.csv"\n' + RATE.format(0, 1e6, 1e6), "a link has either"),
        ('file = "gone.csv"', "mine.toml:1: file: gone.csv cannot be read"),
        ("rates = 1", "unknown key 'rates'"),
    ],
)
def test_what_is_wrong_in_a_file_is_said_with_its_line(file: Path, text: str, said: str) -> None:
    file.write_text(text)
    with pytest.raises(UsageError) as caught:
        find_links("./mine.toml")
    assert said in caught.value.line()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "x.csv:1: the first line is not t_s,up_bit_s,down_bit_s"),
        ("t_s,up_bit_s\n", "x.csv:1: the first line is not"),
        ("t_s,up_bit_s,down_bit_s\n", "x.csv:1: a link has at least one rate"),
        ("t_s,up_bit_s,down_bit_s\n\n \n", "x.csv:3: a link has at least one rate"),
        ("t_s,up_bit_s,down_bit_s\n0,1e6,1e6\n1,0,1e6\n", "x.csv:3: a link's rate is above 0"),
        ("t_s,up_bit_s,down_bit_s\n0,1e6,nan\n", "x.csv:2: a link's rate is above 0"),
        ("t_s,up_bit_s,down_bit_s\n0,1e6\n", "x.csv:2: expected three numbers"),
        ("t_s,up_bit_s,down_bit_s\n0,1e6,fast\n", "x.csv:2: expected three numbers"),
        ("t_s,up_bit_s,down_bit_s\n0,1e6,1e6\n\n-1,1e6,1e6\n", "x.csv:4: times rise"),
        ("t_s,up_bit_s,down_bit_s\n3,1e6,1e6\n", "x.csv:2: the first time is 0"),
    ],
)
def test_what_is_wrong_in_a_csv_is_said_with_its_line(file: Path, text: str, said: str) -> None:
    file.write_text('file = "x.csv"')
    (file.parent / "x.csv").write_text(text)
    with pytest.raises(UsageError) as caught:
        load_link(file)
    assert caught.value.line().startswith(said)


def test_a_csv_that_is_no_text_is_refused(file: Path) -> None:
    file.write_text('file = "x.csv"')
    (file.parent / "x.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match=r"x\.csv cannot be read: it is not UTF-8"):
        load_link(file)
