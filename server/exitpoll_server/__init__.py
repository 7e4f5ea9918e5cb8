"""The server of Exitpoll."""
