"""The cache of machine code: what is whole, what is built anew, what others see meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest

from wasm_modules.hosts import aot_cache
from wasm_modules.hosts.failures import HostError


class Compiler:
    def __init__(self, code: bytes) -> None:
        self.code = code
        self.runs = 0

    def __call__(self, place: Path) -> None:
        self.runs += 1
        assert not place.exists()
        place.write_bytes(self.code)


def test_what_is_whole_is_built_once(tmp_path: Path) -> None:
    compiler, artefact = Compiler(b"code" * 50_000), tmp_path / "cache" / "a.so"
    assert not aot_cache.is_whole(artefact)
    for _ in range(2):
        aot_cache.ensure(artefact, compiler)
    assert aot_cache.is_whole(artefact)
    assert (compiler.runs, artefact.read_bytes()) == (1, compiler.code)
    assert sorted(each.name for each in artefact.parent.iterdir()) == ["a.so", "a.so.sha256"]


@pytest.mark.parametrize("damage", ["cut", "changed", "no digest", "another digest"])
def test_what_is_damaged_is_built_anew(tmp_path: Path, damage: str) -> None:
    compiler, artefact = Compiler(b"code" * 50_000), tmp_path / "a.so"
    aot_cache.ensure(artefact, compiler)
    digest = tmp_path / "a.so.sha256"
    if damage == "cut":
        artefact.write_bytes(compiler.code[:-1])
    elif damage == "changed":
        artefact.write_bytes(compiler.code[:-1] + b"E")
    elif damage == "no digest":
        digest.unlink()
    else:
        digest.write_bytes(b"\xff" * 64)
    assert not aot_cache.is_whole(artefact)
    aot_cache.ensure(artefact, compiler)
    assert aot_cache.is_whole(artefact)
    assert (compiler.runs, artefact.read_bytes()) == (2, compiler.code)


def test_a_failed_build_leaves_what_was_there(tmp_path: Path) -> None:
    artefact = tmp_path / "a.so"
    artefact.write_bytes(b"cut")

    def failing(place: Path) -> None:
        place.write_bytes(b"half")
        raise HostError("is not a valid module", 2)

    with pytest.raises(HostError, match="not a valid module"):
        aot_cache.ensure(artefact, failing)
    assert [each.name for each in tmp_path.iterdir()] == ["a.so"]


def test_a_cache_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(HostError, match=r"cannot write .*; set XDG_CACHE_HOME"):
        aot_cache.ensure(tmp_path / "cache" / "a.so", Compiler(b"code"))
