"""Letters: Typst to PDF/A, postal addresses, fonts, calibration sheet."""
