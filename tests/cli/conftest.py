"""Workspaces with a product register in Finnish words, one of them with a catalogue that names them."""

from tests.support.finnish_register import finnish, finnish_roots, protected

__all__ = ["finnish", "finnish_roots", "protected"]
