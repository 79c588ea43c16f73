"""Trees of /sys as kernels make them, whose figures follow a load: for meters that read files.

Each function sets one tree and returns the powers that it then shows (see SteppedRig).
"""

from __future__ import annotations

from pathlib import Path

_RAIL = "VDD_IN"
_VOLTAGE_MV = 5000
# The usual range of a package's counter; it wraps around in the middle of a trial.
RAPL_RANGE_UJ = 262_143_328_850
_BEFORE_WRAP_UJ = 400_000_000


def hwmon_ina3221(root: Path, power_w: float, _energy_j: float) -> list[float]:
    """Show the whole board's rail as the kernel's hwmon driver does: mV, and mA in steps of 8."""
    folder = root / "sys/class/hwmon/hwmon1"
    if not folder.is_dir():
        folder.mkdir(parents=True)
        _write(folder, name="ina3221", in1_label=_RAIL, in1_enable=1, update_interval=100)
        _write(folder, in1_input=_VOLTAGE_MV, shunt1_resistor=5000)
    step_ma = 8  # 40 µV over 5 mΩ
    current_ma = step_ma * round(1e6 * power_w / _VOLTAGE_MV / step_ma)
    _write(folder, curr1_input=current_ma)
    return [current_ma * _VOLTAGE_MV / 1e6]


def iio_ina3221(root: Path, power_w: float, _energy_j: float) -> list[float]:
    """Show the whole board's rail as the Nano's kernel 4.9 does: mW in steps of 40."""
    folder = root / "sys/bus/i2c/drivers/ina3221x/6-0040/iio:device0"
    if not folder.is_dir():
        folder.mkdir(parents=True)
        _write(folder, rail_name_0="POM_5V_IN")
    power_mw = 40 * round(1e3 * power_w / 40)
    _write(folder, in_power0_input=power_mw)
    return [power_mw / 1e3]


def rapl(root: Path, _power_w: float, energy_j: float) -> None:
    """Show the processor's counter in steps of 2^-14 J, wrapping around; it tells no power."""
    folder = root / "sys/class/powercap/intel-rapl:0"
    if not folder.is_dir():
        folder.mkdir(parents=True)
        _write(folder, name="package-0", max_energy_range_uj=RAPL_RANGE_UJ)
    counted_uj = round(int(energy_j * 2**14) / 2**14 * 1e6)
    before_uj = RAPL_RANGE_UJ - _BEFORE_WRAP_UJ
    _write(folder, energy_uj=(counted_uj + before_uj) % RAPL_RANGE_UJ)


def _write(folder: Path, **files: object) -> None:
    for name, value in files.items():
        (folder / name).write_text(f"{value}\n", encoding="ascii")
