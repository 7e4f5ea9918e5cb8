"""Files beside the database: for their owner alone, and there after a loss of power."""

from __future__ import annotations

import os
from pathlib import Path

FOR_THE_OWNER = 0o600
"""They hold what people wrote, or ids that are a capability."""


def append(file: Path, data: bytes) -> None:
    """Add to the end of a file, durably; another process may do so too.

    Raises:
        OSError: not all of it may be there.
    """
    is_new = not file.exists()
    opened = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, FOR_THE_OWNER)
    with os.fdopen(opened, "ab") as written:
        written.write(data)
        written.flush()
        os.fsync(written.fileno())
    if is_new:
        sync_folder(file.parent)


def sync_folder(folder: Path) -> None:
    """Make durable which files a folder holds; Windows does so by itself."""
    if os.name == "posix":
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
