"""Detection: every fault is shown to the judge, who must name the right criteria, and no others.

Joins `faults`, `runs` and the judging side, as `runs` joins the two sides; nothing imports it but its command.
"""
