"""Instruments: found by name, read from a TOML file, or made from an address.

    NAME                                  NAME.toml in the user's meters/ folder, then the shipped
    path/to/plug.toml                     any file
    tasmota:mqtt://broker:1883/plug-1     driver:address; mqtts:// for TLS; ?poll_s=0.5 sets keys

A file needs ``driver`` and the driver's own keys (for a plug ``broker`` and ``topic``). Secrets
are never in it, nor in an address: they come from the environment or a file of mode 600.
"""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, NoReturn

from benchharness.declarations import folders
from benchharness.errors import MeterError, UnknownNameError, UsageError
from benchharness.meters.address import LOGIN_REMEDY, is_secret_key, options_of_address
from benchharness.meters.base import ENTRY_POINT_GROUP, Instrument, Meter
from benchharness.meters.boards import board_model, matches_board
from benchharness.meters.onboard.found import find_onboard

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_FOLDER = "meters"
_ESTIMATE = "estimate"
_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9_-]*):(.+)", re.DOTALL)


def resolve_instrument(text: str, *, sysroot: str = "/") -> Instrument:
    """Return the instrument that a user means by ``text``: a name, a path or an address.

    Raises UnknownNameError with the nearest name, and UsageError with file and key.
    """
    path = Path(text)
    address = _ADDRESS.fullmatch(text)
    if address and not path.is_file():
        return _from_address(address.group(1), address.group(2))
    if text.endswith(".toml") or "/" in text:
        if not path.is_file():
            raise UsageError("no such instrument file", where=text, remedy="check the path")
        return read_instrument(path)
    files = instrument_files()
    if text in files:
        return read_instrument(files[text])
    if text == _ESTIMATE:
        return estimate_for_board(sysroot)
    raise UnknownNameError("meter", text, {*files, _ESTIMATE})


def read_instrument(path: Path) -> Instrument:
    """Read one instrument file; ``driver`` and ``target`` are checked here, the rest by the driver.

    Raises UsageError with file and key.
    """
    where = str(path)
    try:
        table = tomllib.loads(path.read_bytes().decode("utf-8"))
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=where) from None
    except UnicodeDecodeError:
        raise UsageError("is not UTF-8 text", where=where, remedy="save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"is not TOML: {error}", where=where, remedy="correct the line") from None
    return _instrument(path.stem, where, table)


def instrument_files() -> dict[str, Path]:
    """Return the instrument files by name; a user's own hides a shipped one."""
    found: dict[str, Path] = {}
    for folder in folders(_FOLDER):
        for path in sorted(folder.glob("*.toml")):
            found.setdefault(path.stem, path)
    return found


def list_instruments() -> list[Instrument]:
    """Return every instrument that has a name, sorted by it.

    Raises UsageError for a file that cannot be read.
    """
    return [read_instrument(path) for _, path in sorted(instrument_files().items())]


def default_instrument(sysroot: str = "/") -> Instrument:
    """Return the best meter that this machine has without being told.

    That is default.toml in the user's meters/ folder, else a meter of the whole board that is on
    it (RAPL is not: it sees a part), else the estimate for the board at hand.
    """
    files = instrument_files()
    if "default" in files:
        return read_instrument(files["default"])
    for meter in find_onboard(sysroot):
        if meter.whole_board and meter.driver in files:
            there = read_instrument(files[meter.driver])
            return replace(there, options={**there.options, "sysroot": sysroot})
    return estimate_for_board(sysroot)


def estimate_for_board(sysroot: str = "/") -> Instrument:
    """Return the estimate whose ``boards`` name this board, else the generic one."""
    model = board_model(sysroot)
    estimates = [item for item in _readable() if item.driver == _ESTIMATE]
    if model is not None:
        for item in estimates:
            if matches_board(model, item.options.get("boards", ())):
                return item
    arm = model is not None or platform.machine() not in ("x86_64", "AMD64", "i686", "i386")
    wanted = "estimate-generic-arm" if arm else "estimate-generic-x86"
    for item in estimates:
        if item.name == wanted:
            return item
    raise UsageError(f"the shipped instrument {wanted} is missing", remedy="reinstall benchharness")


def _readable() -> Iterator[Instrument]:
    """Yield the instruments that can be read: a broken file is told of when it is asked for."""
    for path in instrument_files().values():
        try:
            yield read_instrument(path)
        except UsageError:
            continue


def known_drivers() -> list[str]:
    """Return the names of the installed meter drivers, sorted."""
    return sorted({entry.name for entry in _entries()})


def load_meter(instrument: Instrument) -> Meter:
    """Load the driver through its entry point and construct the meter; does not open it.

    Raises UsageError for a key that the driver refuses, MeterError for a driver that cannot load.
    """
    for entry in _entries():
        if entry.name == instrument.driver:
            break
    else:
        _refuse_driver(instrument.driver, instrument.where)
    try:
        driver = entry.load()
    except (ImportError, AttributeError) as error:
        raise MeterError(
            f"driver {entry.name!r} cannot be loaded: {error}",
            where=instrument.where,
            remedy="install what it needs",
        ) from error
    meter: Meter = driver(instrument)
    return meter


def _from_address(driver: str, rest: str) -> Instrument:
    if driver not in known_drivers():
        _refuse_driver(driver, None)
    name, options = options_of_address(driver, rest)
    return _instrument(name, f"{driver}:{rest}", {**options, "driver": driver})


def _instrument(name: str, where: str, table: Mapping[str, Any]) -> Instrument:
    options = dict(table)
    for key in options:
        if is_secret_key(key):
            raise UsageError(
                f"{key}: a secret does not belong here", where=where, remedy=LOGIN_REMEDY
            )
    driver = _text(options, "driver", where)
    if driver is None:
        raise UsageError("driver: is missing", where=where, remedy='add driver = "tasmota"')
    if driver not in known_drivers():
        _refuse_driver(driver, where)
    target = _text(options, "target", where) or "board"
    part_of = _text(options, "part_of", where)
    if part_of == target:
        raise UsageError(f"part_of: {target!r} is the target itself", where=where)
    if "calibration_date" in options:
        options["calibration_date"] = _day(options["calibration_date"], where)
    return Instrument(name, driver, where, target, options, part_of)


def _day(value: object, where: str) -> str:
    """Return a date as text; TOML has a type for it, and people write it as text as well."""
    text = value.isoformat() if isinstance(value, date) else str(value)
    try:
        day = date.fromisoformat(text[:10] if isinstance(value, datetime) else text)
    except ValueError:
        raise UsageError(
            f"calibration_date: expected a day, got {text!r}",
            where=where,
            remedy="write it like 2026-01-31",
        ) from None
    return day.isoformat()


def _text(options: dict[str, Any], key: str, where: str) -> str | None:
    value = options.pop(key, None)
    if value is not None and (not isinstance(value, str) or not value.strip()):
        raise UsageError(f"{key}: expected a text, got {value!r}", where=where)
    return value


def _refuse_driver(driver: str, where: str | None) -> NoReturn:
    raise UnknownNameError("meter driver", driver, known_drivers(), where=where)


def _entries() -> Iterator[EntryPoint]:
    yield from entry_points(group=ENTRY_POINT_GROUP)
