"""What the frozen agent runs."""

import sys

from exitpoll_agent.cli import main

sys.exit(main())
