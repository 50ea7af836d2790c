"""Notices: codes and confirmations, queued and sent outside any run."""
