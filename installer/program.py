"""What the frozen agent runs."""

import sys

from exitpoll_agent.program import main

sys.exit(main())
