"""The story that the figures tell: chapters, report and lesson.

It knows figures, claims and finished runs, and no Streamlit. Start reading in `chapters.py`.
"""
