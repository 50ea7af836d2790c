"""Letters: templates, PDF/A through Typst, postal addresses, fonts, calibration sheet."""
