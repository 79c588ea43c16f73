"""Native programs from Rust sources: built once into the user's cache, found there afterwards."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from wasm_modules.hosts import aot_cache
from wasm_modules.hosts.failures import EXIT_UNFIT, HostError
from wasm_modules.hosts.user_folders import cache_folder

FLAGS = Path(__file__).resolve().parents[2] / "wasm_modules" / "rustc-flags"
COMPILER_NOTE = "compiler.txt"
_REMEDY = "install it: sudo apt-get install rustc"
_THIS_PROCESSOR = "-Ctarget-cpu=native"


@dataclass(frozen=True, slots=True)
class RustProgram:
    """A program of one source file.

    With ``for_this_processor`` it may use every instruction of this processor; without, those
    that every processor of its architecture has (SSE2, NEON), as a distributed binary does.
    """

    name: str
    source: Path
    for_this_processor: bool = False

    @property
    def path(self) -> Path:
        """Return where the program belongs; it need not be built yet."""
        return self.folder() / self.name

    def folder(self) -> Path:
        """Return the folder of the program, named after its source, flags and machine."""
        machine = aot_cache.processor() if self.for_this_processor else platform.machine()
        digest = hashlib.sha256()
        for part in (self.source.read_bytes(), FLAGS.read_bytes(), machine.encode()):
            digest.update(len(part).to_bytes(8, "big") + part)
        return cache_folder() / "native" / digest.hexdigest()[:32]

    def build(self) -> Path:
        """Build the program unless the cache has it from this very compiler; return its path.

        Raises HostError if there is no compiler, or it fails.
        """
        compiler = find_compiler()
        version = self._compile(compiler, "-vV")
        folder, program = self.folder(), self.path
        note = folder / COMPILER_NOTE
        if program.is_file() and note.is_file() and note.read_text() == version:
            return program
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder) as scratch:
                built = Path(scratch) / self.name
                own = [_THIS_PROCESSOR] if self.for_this_processor else []
                self._compile(compiler, f"@{FLAGS}", *own, self.source.name, "-o", str(built))
                (Path(scratch) / COMPILER_NOTE).write_text(version)
                built.replace(program)
                (Path(scratch) / COMPILER_NOTE).replace(note)
        except OSError as error:
            raise HostError(
                f"cannot write {folder}: {error.strerror}; set XDG_CACHE_HOME to a folder that"
                " can be written",
                EXIT_UNFIT,
            ) from None
        return program

    def _compile(self, compiler: str, *arguments: str) -> str:
        """Run the compiler beside the source and return its stdout. Raises HostError."""
        try:
            done = subprocess.run(
                [compiler, *arguments],
                cwd=self.source.parent,
                capture_output=True,
                text=True,
                check=False,
            )
        except OSError as error:
            raise HostError(
                f"{compiler} cannot be run: {error.strerror}; {_REMEDY}", EXIT_UNFIT
            ) from None
        if done.returncode != 0:
            lines = [line for line in done.stderr.splitlines() if line.startswith("error")]
            said = lines[0] if lines else f"exit code {done.returncode}"
            raise HostError(f"{compiler} cannot build {self.source.name}: {said}", EXIT_UNFIT)
        return done.stdout


def find_compiler() -> str:
    """Return the Rust compiler: $RUSTC, else Debian's (which built the modules), else on PATH.

    Raises HostError if there is none.
    """
    chosen = os.environ.get("RUSTC")
    for candidate in (chosen,) if chosen else ("/usr/bin/rustc", shutil.which("rustc")):
        if candidate and os.access(candidate, os.X_OK):
            return candidate
    what = f"there is no compiler {chosen} (RUSTC)" if chosen else "it needs a Rust compiler"
    raise HostError(f"runtime native: {what}; {_REMEDY}", EXIT_UNFIT)
