"""The story that the figures tell: chapters, lesson and report.

This package uses figures, claims and finished runs, but not Streamlit. Start with `chapters.py`.
"""
