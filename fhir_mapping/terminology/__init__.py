"""Codes and units as data: analytes, value sets, unit conversions."""
