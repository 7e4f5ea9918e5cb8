"""A life: all that a report reads of one installation, in a few dozen bytes.

A report looks at every installation of a product. Read from the tables row by row that takes
seconds for each question; so what is known of an installation is summed up once, kept beside it,
and forgotten by whatever changes it. A life that is not there is made anew from the tables: it is
never the only place where anything stands.
"""

from exitpoll_server.store.lives.keeping import forget, forget_uninstalls, keep_all, read
from exitpoll_server.store.lives.record import NONE, Days, Ints, Lives

__all__ = ["NONE", "Days", "Ints", "Lives", "forget", "forget_uninstalls", "keep_all", "read"]
