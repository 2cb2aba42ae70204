"""Runs as files and processes: run folders, store, worker, supervisor, engines, bundles, gallery.

It knows training and settings, but neither figures nor pages. Start reading in `run.py`.
"""
