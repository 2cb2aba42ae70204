"""Training: norms, networks, tasks, the objective, the loop and the probes. All of torch is here.

It knows the question (`bnviz.spec`) and the data, and neither files nor pages. Start reading in `loop.py`.
"""
