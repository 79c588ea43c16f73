"""One image through a TFLite classifier, under the runtime that is asked for.

Usage: nn_module.py [--runtime wasmtime|wasmer|wasmedge|native] [--mode jit|aot|...]
                    [--nn litert|plugin] [--model FILE] [--labels FILE] [--image FILE]
                    [--repeat N] [--threads N] [--delegate xnnpack|none]
                    [--folder FOLDER | --prepare]

``native`` is LiteRT called directly (direct.py). An empty path is the file in model/; a model of
the user's has the user's labels or none. The files are copied into ``--folder``, and a guest
sees these copies only; without it, into a temporary one that is removed. With ``--prepare``
nothing is computed: what the runtime needs is looked for, and the module is compiled where the
mode says so. Exit codes: 0 done, 1 failed, 2 wrong usage, 3 something is not installed; a
failure is one line on stderr.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path
from typing import NoReturn

# This file is started as a program, and finds its neighbours by where it lies.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import copies

from wasm_modules.hosts import start
from wasm_modules.hosts.failures import EXIT_UNFIT, EXIT_USAGE, HostError
from wasm_modules.hosts.imports import litert

_ROOT = Path(__file__).resolve().parents[2]
MODULE = _ROOT / "wasm_modules" / "nn-module" / "nn-module.wasm"
MODEL_FOLDER = Path(__file__).resolve().parent / "model"
MODEL, LABELS, IMAGE = "patterns.tflite", "labels.txt", "pattern-102.ppm"
NATIVE = "native"
RUNTIMES = (*start.RUNTIMES, NATIVE)
FILES = ("model", "image", "labels")
LITERT, PLUGIN = "litert", "plugin"
LARGEST_REPEAT = 1_000_000


def main() -> int:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # what runs here is not Python most of the time
    options = _parse()
    try:
        _require_files(options)
        if options.prepare:
            _prepare(options)
        elif options.folder is not None:
            _run(options, options.folder)
        else:
            return _run_by_hand(options)
    except HostError as error:
        print(f"nn-module: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def _prepare(options: argparse.Namespace) -> None:
    if options.runtime == NATIVE:
        litert.load_library()
    else:
        start.prepare(options.runtime, host_options(options, None))


def _run(options: argparse.Namespace, folder: Path) -> None:
    """Run with copies in a folder that somebody else removes."""
    if options.runtime == NATIVE:
        import direct

        found = copied(options, folder)
        files = direct.Files(found["model"], found["image"], found.get("labels"))
        direct.run(files, litert.Settings(options.threads, options.delegate), options.repeat)
    else:
        start.become(options.runtime, host_options(options, folder))


def _run_by_hand(options: argparse.Namespace) -> int:
    """Run with copies in a temporary folder, and remove it."""
    import subprocess
    import tempfile

    signal.signal(signal.SIGINT, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="benchharness-nn-") as folder:
        if options.runtime == NATIVE:
            _run(options, Path(folder))
            return 0
        argv = start.command_for(options.runtime, host_options(options, Path(folder)))
        try:
            code = subprocess.run(argv, check=False).returncode
        except KeyboardInterrupt:
            code = -signal.SIGINT
    return code if code >= 0 else 128 - code  # as shells say it


def copied(options: argparse.Namespace, folder: Path) -> dict[str, Path]:
    """Return copies of the files, each in a folder of its own, by what they are."""
    files = {name: getattr(options, name) for name in FILES}
    return {name: copies.copy_into(folder, name, file) for name, file in files.items() if file}


def host_options(options: argparse.Namespace, folder: Path | None) -> list[str]:
    """Return the host's command line; without a folder, that of a preparation."""
    folders, paths = [], []
    for name, file in copied(options, folder).items() if folder else ():
        folders += ["--dir", f"{file.parent}::/{name}"]
        paths.append(f"/{name}/{file.name}")
    settings = ["--with", f"nn.threads={options.threads}", "--with", f"nn={options.nn}"]
    settings += ["--with", f"nn.delegate={options.delegate}"]
    repeat = ["--repeat", str(options.repeat)]
    return ["--mode", options.mode, "--report", *folders, *settings, str(MODULE), *paths, *repeat]


def add_file_options(parser: argparse.ArgumentParser) -> None:
    """Add what expected.py has as well."""
    parser.add_argument("--model", type=_file, default="")
    parser.add_argument("--labels", type=_file, default="")
    parser.add_argument("--image", type=_file, default="")
    parser.add_argument("--nn", choices=(LITERT, PLUGIN), default=LITERT)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--delegate", choices=(litert.XNNPACK, litert.NO_DELEGATE))
    parser.set_defaults(delegate=litert.XNNPACK)


def fill_in_files(options: argparse.Namespace) -> None:
    """Put the shipped files where none is named."""
    if options.labels is None and options.model is None:
        options.labels = MODEL_FOLDER / LABELS
    options.model = options.model or MODEL_FOLDER / MODEL
    options.image = options.image or MODEL_FOLDER / IMAGE


def _require_files(options: argparse.Namespace) -> None:
    if not MODULE.is_file():
        raise HostError(f"{MODULE} is missing; build it: scripts/build-wasm nn-module", EXIT_UNFIT)
    for file in (options.model, options.image, options.labels):
        if file is not None and not file.is_file():
            raise HostError(f"there is no file {file}; check the path", EXIT_USAGE)


def _file(text: str) -> Path | None:
    return Path(os.path.abspath(text)) if text else None  # noqa: PTH100 - links stay as they are


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(EXIT_USAGE, f"nn-module: {message}; see nn_module.py --help\n")


def _parse() -> argparse.Namespace:
    parser = _Parser(description="Classify an image with a TFLite model.", allow_abbrev=False)
    parser.add_argument("--runtime", choices=RUNTIMES, default="wasmtime")
    parser.add_argument("--mode", default="jit")
    parser.add_argument("--repeat", type=_repeat, default=1)
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--folder", type=_file, help="an empty folder for copies of the files")
    where.add_argument("--prepare", action="store_true")
    add_file_options(parser)
    options = parser.parse_args()
    fill_in_files(options)
    return options


def _repeat(text: str) -> int:
    count = int(text)
    if not 1 <= count <= LARGEST_REPEAT:
        raise argparse.ArgumentTypeError(f"{text} is not between 1 and {LARGEST_REPEAT}")
    return count


if __name__ == "__main__":
    sys.exit(main())
