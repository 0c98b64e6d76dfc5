"""How the C library keeps memory that a run has freed."""

import ctypes
import sys

#: mallopt(3): a buffer from this size on is mapped by itself, and so given back when it is freed; the top of the heap
#: is given back from this size on; threads share this many heaps
_M_MMAP_THRESHOLD, _M_TRIM_THRESHOLD, _M_ARENA_MAX = -3, -1, -8
_LARGE, _ARENAS = 128 * 1024, 2


def give_memory_back() -> None:
    """Let glibc give freed memory back to the system: a run sends and reads buffers of megabytes in forty threads, and
    would hold twice the memory that it uses at a time. Does nothing elsewhere."""
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for option, value in ((_M_MMAP_THRESHOLD, _LARGE), (_M_TRIM_THRESHOLD, _LARGE), (_M_ARENA_MAX, _ARENAS)):
            mallopt(option, value)
