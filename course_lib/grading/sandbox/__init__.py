"""The boundary behind which strangers' code runs. The book tells what it promises, and what not: *Grading a class*.

frames     values as bytes: the only language over the boundary
inside     the submission's side: load, call, take gradients
excluded   which functions use what their exercise excludes
confine    what a session gives up: namespaces, files, limits, user, capabilities, system calls
worker     the warm interpreter behind the boundary, and its sessions
boundary   the judge's side: start, open, ask, end
"""
