"""What the vendor is told without asking: mail and webhooks, by jobs that run by the clock."""

from exitpoll_server.notify.jobs import Jobs

__all__ = ["Jobs"]
