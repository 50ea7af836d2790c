"""Symbols that machines read: QR codes and EAN-13, drawn as SVG for print and as PNG for screens."""
