"""Lets `python -m exitpoll_agent` do what `exitpoll-agent` does."""

import sys

from exitpoll_agent.program import main

sys.exit(main())
