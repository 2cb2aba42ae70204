"""Runs as files and processes: the store, the worker, the supervisor, engines, bundles and the gallery.

It knows training and the question, and neither figures nor pages. Start reading in `store.py`.
"""
