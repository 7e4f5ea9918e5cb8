"""Runs before the frozen agent: a browser that it opens gets the machine's own libraries.

PyInstaller's loader leads LD_LIBRARY_PATH into the bundle. The agent's process read it when it
started and needs it no more; a browser started with it would load our libcrypto, and may crash.
"""

import os

_NAME = "LD_LIBRARY_PATH"
if _NAME in os.environ:
    del os.environ[_NAME]
if f"{_NAME}_ORIG" in os.environ:
    os.environ[_NAME] = os.environ.pop(f"{_NAME}_ORIG")
