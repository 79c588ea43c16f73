"""A stand-in for libnvidia-ml.so.1 that answers the real client, nvidia-ml-py, by the C interface.

Its functions are C functions made by ctypes: pointers are passed and filled as the real library
does. What each GPU answers stands in ``Card``; None is "not supported".
"""

from __future__ import annotations

from ctypes import CFUNCTYPE, c_uint, c_ulonglong, c_void_p, memmove
from dataclasses import dataclass

SUCCESS, INVALID, NOT_SUPPORTED, LOST = 0, 2, 3, 15


@dataclass
class Card:
    name: str = "NVIDIA H200 (emulated)"
    uuid: str = "GPU-11111111-2222-3333-4444-555555555555"
    power_mw: int | None = 75_500
    energy_mj: int | None = 9_000_000_000
    fault: int = SUCCESS


class Library:
    """What ``pynvml`` holds in place of the loaded library."""

    def __init__(self, cards: list[Card], init: int = SUCCESS) -> None:
        self.cards = cards
        self.open = 0
        self.nvmlInitWithFlags = CFUNCTYPE(c_uint, c_uint)(lambda _flags: self._begin(init))
        self.nvmlShutdown = CFUNCTYPE(c_uint)(self._end)
        self.nvmlDeviceGetCount_v2 = CFUNCTYPE(c_uint, c_void_p)(self._count)
        self.nvmlDeviceGetHandleByIndex_v2 = CFUNCTYPE(c_uint, c_uint, c_void_p)(self._handle)
        text = CFUNCTYPE(c_uint, c_void_p, c_void_p, c_uint)
        self.nvmlDeviceGetName = text(lambda h, to, n: self._text(self._card(h).name, to, n))
        self.nvmlDeviceGetUUID = text(lambda h, to, n: self._text(self._card(h).uuid, to, n))
        number = CFUNCTYPE(c_uint, c_void_p, c_void_p)
        self.nvmlDeviceGetPowerUsage = number(
            lambda h, to: self._number(self._card(h), "power_mw", to, c_uint)
        )
        self.nvmlDeviceGetTotalEnergyConsumption = number(
            lambda h, to: self._number(self._card(h), "energy_mj", to, c_ulonglong)
        )

    def _begin(self, result: int) -> int:
        self.open += result == SUCCESS
        return result

    def _end(self) -> int:
        self.open -= 1
        return SUCCESS

    def _card(self, handle: int) -> Card:
        return self.cards[handle - 1]

    def _count(self, to: int) -> int:
        c_uint.from_address(to).value = len(self.cards)
        return SUCCESS

    def _handle(self, index: int, to: int) -> int:
        if index >= len(self.cards):
            return INVALID
        c_void_p.from_address(to).value = index + 1  # a handle is not NULL
        return SUCCESS

    def _text(self, text: str, to: int, size: int) -> int:
        raw = text.encode() + b"\0"
        assert len(raw) <= size
        memmove(to, raw, len(raw))
        return SUCCESS

    def _number(self, card: Card, field: str, to: int, kind: type[c_uint | c_ulonglong]) -> int:
        value = getattr(card, field)
        if card.fault:
            return card.fault
        if value is None:
            return NOT_SUPPORTED
        kind.from_address(to).value = value
        return SUCCESS
