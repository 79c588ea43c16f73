from __future__ import annotations

import os
import threading

from benchharness.trial.capture import Capture


def test_head_and_tail_are_kept_and_the_rest_is_counted() -> None:
    reader, writer = os.pipe()
    capture = Capture(reader)
    data = b"head\n" + b"x" * 1_000_000 + b"\nlast line\n\n"

    def write() -> None:
        with os.fdopen(writer, "wb") as stream:
            stream.write(data)

    thread = threading.Thread(target=write)
    thread.start()
    while capture.drain():
        pass
    thread.join()
    text = capture.text()
    assert capture.total_bytes == len(data)
    assert text.startswith("head\n")
    assert f"{len(data) - 2 * 65536} bytes left out" in text
    assert capture.last_line() == "last line"
    assert capture.last_line(before=1) == "x" * 200
    assert capture.last_line(before=9) == ""
    assert len(text) < 140_000


def test_text_that_is_not_utf8_is_replaced_and_a_second_close_is_harmless() -> None:
    reader, writer = os.pipe()
    capture = Capture(reader)
    os.write(writer, b"caf\xe9")
    os.close(writer)
    while capture.drain():
        pass
    capture.close()
    assert capture.text() == "caf�"
    assert not capture.drain()
