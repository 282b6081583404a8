from typing import Any, TypeAlias

import numpy as np
from _typeshed import ReadableBuffer, WriteableBuffer

_Array: TypeAlias = np.ndarray[Any, Any]
_In: TypeAlias = ReadableBuffer | _Array
_Out: TypeAlias = WriteableBuffer | _Array

class Counter:
    def __new__(
        cls,
        tokens: _In,
        offsets: _In,
        merges: _In | None,
        names: _In,
        name_offsets: _In,
        rules: tuple[bool, bool, int, bool, bool, int, bool, bool],
        whole: bool,
        nfc: bool,
        cache_bytes: int,
    ) -> Counter: ...
    def count(
        self,
        data: _In,
        offsets: _In,
        wide: bool,
        first: int,
        counts: _Out,
        states: _Out,
        /,
    ) -> None: ...
    def cut(self, text: _In, /) -> bytearray: ...
    def pairs(self) -> bytes: ...

def classes() -> bytes: ...
