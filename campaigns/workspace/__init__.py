"""Workspace: the marketer's files, loaded and checked, every problem with its place."""
