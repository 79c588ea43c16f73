"""LiteRT, for the wasi-nn host and for those who call it directly: one way to open a model.

Nothing here imports LiteRT or NumPy before ``load_library`` is called.
"""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from wasm_modules.hosts.failures import EXIT_UNFIT, EXIT_USAGE, HostError

XNNPACK, NO_DELEGATE = "xnnpack", "none"
BUILTIN = "builtin"  # LiteRT's own kernels
_LARGEST_THREADS = 64
_CHATTER = b"INFO: "


@dataclass(frozen=True, slots=True)
class Settings:
    """How models are run; ``delegate`` is ``xnnpack`` or ``none``, LiteRT's own kernels."""

    threads: int = 1
    delegate: str = XNNPACK


def settings(given: Mapping[str, str]) -> Settings:
    """Return ``nn.threads`` and ``nn.delegate`` of a host's settings. Raises HostError."""
    threads = given.get("nn.threads", "1")
    if not threads.isascii() or not threads.isdigit() or not 1 <= int(threads) <= _LARGEST_THREADS:
        raise HostError(f"nn.threads is 1 to {_LARGEST_THREADS}, got {threads!r}", EXIT_USAGE)
    delegate = given.get("nn.delegate", XNNPACK)
    if delegate not in (XNNPACK, NO_DELEGATE):
        raise HostError(f"nn.delegate is {XNNPACK} or {NO_DELEGATE}, got {delegate!r}", EXIT_USAGE)
    return Settings(int(threads), delegate)


def load_library() -> Any:
    """Import NumPy and LiteRT; return LiteRT's module. Raises HostError with the remedy."""
    try:
        importlib.import_module("numpy")
        return importlib.import_module("ai_edge_litert.interpreter")
    except ImportError as error:
        raise HostError(
            f"wasi-nn needs LiteRT, which cannot be imported ({error});"
            f" install it: {sys.executable} -m pip install ai-edge-litert",
            EXIT_UNFIT,
        ) from None


def open_model(content: bytes, chosen: Settings) -> Any:
    """Return an interpreter whose tensors are not allocated yet.

    LiteRT checks the file's structure before it uses it. Raises ValueError for a file that is
    not a TFLite model.
    """
    library = load_library()
    if content[4:8] != b"TFL3":
        raise ValueError("the model is not a TFLite file")
    resolver = library.OpResolverType
    try:
        return library.Interpreter(
            model_content=content,
            num_threads=chosen.threads,
            experimental_op_resolver_type=resolver.AUTO
            if chosen.delegate == XNNPACK
            else resolver.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        )
    except (ValueError, RuntimeError) as error:
        raise ValueError(f"the model is cut short or broken: {_one_line(error)}") from None


def allocate(interpreter: Any) -> None:
    """Choose the kernels and make the tensors. Raises ValueError if LiteRT cannot."""
    with _without_chatter():
        try:
            interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise ValueError(f"LiteRT cannot run the model: {_one_line(error)}") from None


def kernel(interpreter: Any) -> str:
    """Return which kernels an interpreter with tensors uses: ``xnnpack`` or ``builtin``.

    LiteRT falls back in silence, to other speeds and other bytes, so asking for a delegate is not
    knowing of it.
    """
    details = interpreter._get_ops_details()  # LiteRT has no public way to ask
    return XNNPACK if any(each["op_name"] == "DELEGATE" for each in details) else BUILTIN


@contextmanager
def _without_chatter() -> Iterator[None]:
    """Keep LiteRT's native code from announcing its delegate on stderr; pass the rest on."""
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as spool:
        os.dup2(spool.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            spool.seek(0)
            for line in spool:
                if not line.startswith(_CHATTER):
                    os.write(2, line)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
