"""Lets the story's processes live on the story's days.

Python imports this at start-up because the story puts its folder first in PYTHONPATH. Agent and
server each have one clock, and it reads `time.time()`: moving that moves everything, and no
product code has to know.
"""

import os
import time
from pathlib import Path

if "STORY_CLOCK" in os.environ:
    _offset_file = Path(os.environ["STORY_CLOCK"])
    _real_time = time.time

    def _story_time() -> float:
        return _real_time() + float(_offset_file.read_text("ascii"))

    time.time = _story_time
