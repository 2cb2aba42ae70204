"""Read the pickled batches of CIFAR-10 without running any code in them."""

import io
import pickle
from collections.abc import Callable
from typing import Any, ClassVar


class Unwanted(Exception):
    """A pickle asks for something that no batch needs; the message names it."""


class _Inert:
    """Stand in for every NumPy object of a pickle: keep its state, and do nothing with it."""

    def __init__(self, *_: object) -> None:
        self.state: tuple[Any, ...] = ()

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.state = state


def _from_buffer(content: bytes, *_: object) -> _Inert:
    array = _Inert()
    array.state = (content,)
    return array


def _latin1(text: str, encoding: str) -> bytes:
    return text.encode("latin1")


class _BatchUnpickler(pickle.Unpickler):
    ALLOWED: ClassVar[dict[tuple[str, str], Callable[..., Any]]] = {
        ("numpy.core.multiarray", "_reconstruct"): _Inert,
        ("numpy._core.multiarray", "_reconstruct"): _Inert,
        ("numpy.core.numeric", "_frombuffer"): _from_buffer,
        ("numpy._core.numeric", "_frombuffer"): _from_buffer,
        ("numpy", "ndarray"): _Inert,
        ("numpy", "dtype"): _Inert,
        ("_codecs", "encode"): _latin1,  # Python 3 pickles bytes for Python 2 this way
    }

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self.ALLOWED:
            raise Unwanted(f"{module}.{name}")
        return self.ALLOWED[module, name]


def batch(content: bytes) -> dict[bytes, Any]:
    """Return the fields of a pickled batch, arrays as bytes; nothing if it is not a batch."""
    found = _BatchUnpickler(io.BytesIO(content), encoding="bytes").load()
    if not isinstance(found, dict):
        return {}
    # The published batches have bytes as keys; copies written by Python 3 have text.
    fields = {
        key if isinstance(key, bytes) else str(key).encode(): value for key, value in found.items()
    }
    return {
        key: value.state[-1] if isinstance(value, _Inert) else value
        for key, value in fields.items()
    }
